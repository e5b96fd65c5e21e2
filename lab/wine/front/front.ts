import type { KeyObject } from 'node:crypto';
import { readInventory } from '../../../src/iis/inventory.ts';
import type { WindowsHost } from '../../../src/ports/windows-host.ts';
import { createListeners, type Wanted } from '../../sim-windows/listeners.ts';
import { acceptTls } from '../../sim-windows/tls-front.ts';
import { createIdentities } from './identities.ts';
import { startHttpPort } from './http-port.ts';

export interface Front {
  /** Listens for the https bindings of the started sites as they are now. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** Plays the part of http.sys that Wine does not have: TLS on the ports of IIS sites, by the records that our program writes. */
export async function startFront(options: {
  readonly host: WindowsHost;
  readonly keys: () => Promise<readonly KeyObject[]>;
  /** Where Wine's http.sys has its port 80. */
  readonly httpTargetPort: number;
}): Promise<Front> {
  const identify = createIdentities(options.host, options.keys);
  const listeners = createListeners({
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
  const stopHttp = await startHttpPort({ port: 80, targetPort: options.httpTargetPort });
  const refresh = async (): Promise<void> => {
    const { sites } = await readInventory(options.host);
    await listeners.reconcile(
      sites
        .filter(({ state }) => state === 'Started')
        .flatMap(({ bindings }) => bindings)
        .flatMap(({ protocol, information }): Wanted[] =>
          protocol === 'https' && information.kind === 'ip-port-host'
            ? [{ scheme: 'https', address: information.address, port: information.port }]
            : [],
        ),
    );
  };
  return {
    refresh,
    stop: async () => {
      await listeners.close();
      await stopHttp();
    },
  };
}
