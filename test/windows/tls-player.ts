import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { createListeners, type Wanted } from '../../lab/sim-windows/listeners.ts';
import { acceptTls } from '../../lab/sim-windows/tls-front.ts';
import { readLabKeys } from '../../lab/wine/doubles/key-files.ts';
import { createIdentities } from '../../lab/wine/front/identities.ts';

/** Plays the TLS of http.sys, which Wine does not have, on the ports of the host's https bindings. */
export interface TlsPlayer {
  /** The host, whose sites are looked at again after every command to IIS. */
  readonly host: WindowsHost;
  close(): Promise<void>;
}

export function startTlsPlayer(host: WindowsHost, keysFolder: string): TlsPlayer {
  const identify = createIdentities(host, async () =>
    (await readLabKeys(keysFolder)).map(({ privateKey }) => privateKey),
  );
  const listeners = createListeners({
    httpPort: 80,
    keepPorts: true,
    hasIpv6: false,
    onConnection: (socket, listener) =>
      acceptTls(
        socket,
        (serverName) => identify(listener, serverName),
        (secured) => secured.end(),
      ),
  });
  const refresh = async (): Promise<void> => {
    const { sites } = await readInventory(host);
    const wanted = sites
      .filter(({ state }) => state === 'Started')
      .flatMap(({ bindings }) => bindings)
      .flatMap(({ protocol, information }): readonly Wanted[] =>
        protocol === 'https' && information.kind === 'ip-port-host'
          ? [{ scheme: 'https', address: information.address, port: information.port }]
          : [],
      );
    await listeners.reconcile(wanted);
  };
  return {
    host: {
      ...host,
      appcmd: async (args) => {
        const result = await host.appcmd(args);
        if (args[0] !== 'list') await refresh();
        return result;
      },
    },
    close: () => listeners.close(),
  };
}
