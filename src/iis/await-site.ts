import { connect } from 'node:net';
import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { Endpoint, WindowsHost } from '../ports/windows-host.ts';
import { parseSiteList } from './config/appcmd-output.ts';
import { type SiteInventory, type SiteState, siteText } from './config/inventory-types.ts';
import { readInventory } from './inventory.ts';

const PATIENCE_MS = 15_000;
const PAUSE_MS = 250;
const CONNECT_MS = 2000;

/** A site and a place at which it is to listen. */
export interface ListeningSite {
  readonly siteId: number;
  /** As in the binding: `*` or an IP address. */
  readonly address: string;
  readonly port: number;
}

/**
 * Waits until IIS has carried out what `appcmd add site`, `set site` or `start site` asked for: appcmd ends before
 * that. The site is Started, and its port accepts connections. Throws IIS_SITE_CANNOT_START and IIS_SITE_NOT_LISTENING
 * when that does not come within 15 seconds, IIS_SITE_UNKNOWN, and what appcmd refuses.
 */
export async function awaitListening(host: WindowsHost, clock: Clock, place: ListeningSite): Promise<void> {
  const deadline = clock.now() + PATIENCE_MS;
  let state: SiteState = 'Unknown';
  // Attempts are counted too: somebody may set the clock back meanwhile.
  for (let attempt = 0; attempt * PAUSE_MS < PATIENCE_MS && clock.now() < deadline; attempt += 1) {
    state = await stateOf(host, place.siteId);
    if (state === 'Started' && (await accepts(host, place))) return;
    await clock.sleep(PAUSE_MS);
  }
  throw await failure(host, place, state);
}

/** Unknown also for a site that appcmd does not list yet. */
async function stateOf(host: WindowsHost, siteId: number): Promise<SiteState> {
  const { stdout } = await host.appcmd(['list', 'site', `/id:${siteId}`, '/xml']);
  // What appcmd says of a site that has just been added is an error at first.
  if (stdout.length === 0) return 'Unknown';
  try {
    return parseSiteList(stdout).find(({ id }) => id === String(siteId))?.state ?? 'Unknown';
  } catch {
    return 'Unknown';
  }
}

/** Whether every address of this machine that leads there accepts a connection. */
async function accepts(host: WindowsHost, { address, port }: ListeningSite): Promise<boolean> {
  const endpoints = await host.endpoints(address, port);
  return endpoints.length > 0 && (await Promise.all(endpoints.map(connects))).every(Boolean);
}

function connects({ address, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: CONNECT_MS });
    const end = (connected: boolean) => () => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

async function failure(
  host: WindowsHost,
  { siteId, address, port }: ListeningSite,
  state: SiteState,
): Promise<EverbindError> {
  const site = (await readInventory(host)).sites.find(({ id }) => id === siteId);
  if (site === undefined) return new EverbindError('IIS_SITE_UNKNOWN', `there is no site with the id ${siteId}`);
  const name = siteText(site);
  const missing = startProblem(site);
  if (missing !== null) {
    return new EverbindError('IIS_SITE_CANNOT_START', `IIS cannot start the site ${name}: ${missing}`, { site: name });
  }
  const why = state === 'Started' ? `${address}:${port} accepts no connection` : `its state is ${state}`;
  const message = `the site ${name} does not listen ${PATIENCE_MS / 1000} s after it was changed: ${why}`;
  return new EverbindError('IIS_SITE_NOT_LISTENING', message, { site: name, state, port });
}

/** Without these IIS answers start and stop with 0x800710D8. */
function startProblem({ rootPath, bindings }: SiteInventory): string | null {
  if (rootPath === null) return 'it has no application for /';
  const usable = bindings.some(
    ({ protocol, information }) => (protocol === 'http' || protocol === 'https') && information.kind === 'ip-port-host',
  );
  return usable ? null : 'it has no http or https binding that can be used';
}
