import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import type { WindowsHost } from '../../../src/ports/windows-host.ts';
import { loadConfiguration } from '../../sim-windows/configuration.ts';
import { createListeners } from '../../sim-windows/serving/listeners.ts';
import { createSites } from '../../sim-windows/sites.ts';
import { acceptTls } from '../../sim-windows/serving/tls-front.ts';
import { SITE_STATES } from '../doubles/appcmd/file-appcmd.ts';
import { readSiteStates } from '../doubles/appcmd/site-states.ts';
import { readLabKeys } from '../doubles/key-files.ts';
import type { WinePrefix } from '../prefix.ts';
import { createIdentities } from './identities.ts';

const WATCH_MS = 50;

/** TLS on the ports of IIS sites under Wine. */
export interface Front {
  /**
   * Listens for the https bindings of the started sites as they are now. It also happens by itself, a moment after a
   * change.
   */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Plays the part of http.sys that Wine does not have: TLS, by the records that our program writes and the keys of the
 * ncrypt double.
 */
export async function startFront(host: WindowsHost, prefix: WinePrefix): Promise<Front> {
  const inetsrv = join(prefix.driveC, 'windows', 'system32', 'inetsrv');
  const files = [join(inetsrv, 'config', 'applicationHost.config'), join(inetsrv, SITE_STATES)] as const;
  const [configFile, statesFile] = files;
  const identify = createIdentities(host, async () =>
    (await readLabKeys(prefix.keysFolder)).map(({ privateKey }) => privateKey),
  );
  const listeners = createListeners({
    // Plain HTTP is Wine's own.
    httpPort: 80,
    keepPorts: true,
    hasIpv6: true,
    onConnection: (socket, listener) =>
      acceptTls(
        socket,
        (serverName) => identify(listener, serverName),
        (secured) => secured.end(),
      ),
  });
  let queue: Promise<void> = Promise.resolve();
  let settling: NodeJS.Timeout | undefined;
  const reconcile = async (): Promise<void> => {
    const configuration = loadConfiguration(await readFile(configFile));
    const sites = createSites(configuration, { memory: readSiteStates(statesFile) });
    const at = sites.settlesAt();
    clearTimeout(settling);
    if (at !== null) settling = setTimeout(changed, at - Date.now());
    await listeners.reconcile(sites.urls().filter(({ scheme }) => scheme === 'https'));
  };
  const refresh = (): Promise<void> => {
    const next = queue.then(reconcile);
    queue = next.catch(() => {});
    return next;
  };
  // A file that is being replaced is read at its next change.
  const changed = (): void => void refresh().catch(() => {});
  for (const file of files) watchFile(file, { interval: WATCH_MS }, changed);
  await refresh();
  return {
    refresh,
    stop: async () => {
      for (const file of files) unwatchFile(file, changed);
      await queue;
      clearTimeout(settling);
      await listeners.close();
    },
  };
}
