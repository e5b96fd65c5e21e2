import { createServer } from 'node:net';
import { EverbindError } from '../errors/error.ts';
import { awaitListening } from '../iis/await-site.ts';
import { createSiteChanges } from '../iis/change-sites.ts';
import { readInventory } from '../iis/inventory.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { BindingKind } from './binding-kind.ts';
import { FOLDER } from './names.ts';

const LOWEST = 40_000;
const HIGHEST = 48_999;

/** A site of a self-test that listens. */
export interface TemporarySite {
  readonly kind: BindingKind;
  /** Of its one https binding. */
  readonly port: number;
}

/**
 * Creates the site with its https binding on a port that nothing uses, and waits until it listens. Errors:
 * SELFTEST_FAILED, IIS_APPCMD_FAILED, those of SiteChanges and of awaitListening.
 */
export async function makeSite(host: WindowsHost, clock: Clock, kind: BindingKind): Promise<TemporarySite> {
  const { site, address, sslFlags } = kind;
  const port = await freePort(host);
  const place = address.includes(':') ? `[${address}]` : address;
  await appcmd(host, ['add', 'site', `/name:${site}`, `/physicalPath:${FOLDER}`]);
  // No backup: it would stay behind, and the changes concern this site only.
  const changes = createSiteChanges(host, clock, { backUp: false });
  await changes.addHttpsBinding(site, `${place}:${port}:${kind.host}`, sslFlags);
  // IIS may have given up on a site that had no binding yet. Whether it runs is seen below.
  await host.appcmd(['start', 'site', site]);
  const siteId = (await readInventory(host)).sites.find(({ name }) => name === site)?.id ?? 0;
  await awaitListening(host, clock, { siteId, address, port });
  return { kind, port };
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

/** Whether the port is free for a program other than http.sys. One that such a program uses is not. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
