import { createServer } from 'node:net';
import { EverbindError } from '../errors/error.ts';
import { awaitListening } from '../iis/await-site.ts';
import { createSiteChanges } from '../iis/change-sites.ts';
import { readInventory } from '../iis/inventory.ts';
import { SSL_FLAG } from '../iis/config/ssl-flags.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { FOLDER, HOST, SITE } from './names.ts';

const LOWEST = 40_000;
const HIGHEST = 48_999;

/** Creates the site with one https binding with SNI on a port that nothing uses. Returns where it is. */
export async function makeSite(host: WindowsHost, clock: Clock): Promise<string> {
  const port = await freePort(host);
  const binding = `*:${port}:${HOST}`;
  await appcmd(host, ['add', 'site', `/name:${SITE}`, `/physicalPath:${FOLDER}`]);
  // No backup: it would stay behind, and the changes concern this site only.
  await createSiteChanges(host, clock, { backUp: false }).addHttpsBinding(SITE, binding, SSL_FLAG.sni);
  const site = (await readInventory(host)).sites.find(({ name }) => name === SITE);
  await awaitListening(host, clock, { siteId: site?.id ?? 0, address: '*', port });
  return binding;
}

async function appcmd(host: WindowsHost, args: readonly string[]): Promise<void> {
  const { exitCode } = await host.appcmd(args);
  if (exitCode === 0) return;
  const command = `appcmd ${args.join(' ')}`;
  throw new EverbindError('IIS_APPCMD_FAILED', `${command} ended with ${exitCode}`, { command, exitCode });
}

async function freePort(host: WindowsHost): Promise<number> {
  const { sites, records } = await readInventory(host);
  const taken = new Set([
    ...sites.flatMap(({ bindings }) =>
      bindings.map(({ information }) => (information.kind === 'ip-port-host' ? information.port : 0)),
    ),
    ...records.map(({ key }) => key.port),
  ]);
  for (let port = LOWEST; port <= HIGHEST; port += 1) {
    if (!taken.has(port) && (await canListen(port))) return port;
  }
  throw new EverbindError('SELFTEST_FAILED', `no port from ${LOWEST} to ${HIGHEST} is free`);
}

/** A program other than http.sys may use it. */
function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
