import { connect } from 'node:tls';
import type { SimWindows } from '../../sim-windows/sim-windows.ts';

// A client of its own: what it counts is not judged by the program's probe.

/** Which certificates visitors have got, by serial number. */
export interface Observer {
  /** Looks at these hosts. Returns those that serve a certificate of the roots that no look has met there before. */
  look(hosts: readonly string[]): Promise<ReadonlySet<string>>;
  /** Serial number of what this host serves now; null: no certificate of these roots. */
  now(host: string): Promise<string | null>;
  /** Serial numbers of all certificates of these roots that were ever served. */
  readonly served: ReadonlySet<string>;
}

const AT_ONCE = 16;

/** `roots`: of the CA, PEM. */
export function createObserver({ host }: Pick<SimWindows, 'host'>, roots: readonly string[]): Observer {
  const served = new Set<string>();
  const now = async (name: string): Promise<string | null> => {
    const [endpoint] = await host.endpoints('*', 443);
    return endpoint === undefined ? null : serialOf(endpoint, name, roots);
  };
  return {
    served,
    now,
    look: async (hosts) => {
      const fresh = new Set<string>();
      const left = [...hosts];
      const worker = async (): Promise<void> => {
        for (let name = left.shift(); name !== undefined; name = left.shift()) {
          const serial = await now(name);
          if (serial === null || served.has(serial)) continue;
          served.add(serial);
          fresh.add(name);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return fresh;
    },
  };
}

/** null when a client that trusts only these roots would not go on. */
function serialOf(
  { address, port }: { readonly address: string; readonly port: number },
  servername: string,
  ca: readonly string[],
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, servername, ca: [...ca], timeout: 5000 }, () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
    socket.on('timeout', () => socket.destroy(new Error('no response in time')));
    socket.on('error', () => resolve(null));
  });
}
