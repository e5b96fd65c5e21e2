import type { WindowsHost } from '../ports/windows-host.ts';
import { runAppcmd } from './appcmd.ts';
import { createCertificateStores } from './stores/certificates.ts';
import { describeHost } from './describe.ts';
import { inboundAccess } from './firewall/firewall.ts';
import { endpointsOf, ipListenList, ownAddresses } from './http/endpoints.ts';
import { createSiteFiles } from './files/files.ts';
import { createHttpServer, type NativeHttpServer } from './http/http-server.ts';
import { createKeys } from './keys/keys.ts';
import { loadNative } from './ffi/native.ts';
import { once } from '../concurrency/once.ts';
import { createSslRecords } from './http/ssl-records.ts';

export interface NativeWindowsHost extends WindowsHost {
  readonly httpServer: NativeHttpServer;
}

/**
 * This machine's Windows. Between calls nothing stays open but what `httpServer.serve` started. Throws WIN_NOT_WINDOWS
 * elsewhere.
 */
export async function createWindowsHost(): Promise<NativeWindowsHost> {
  const native = await loadNative();
  // Each part loads its library at its first use: many commands need only one or two of them.
  const keys = once(() => createKeys(native));
  const certificates = once(() => createCertificateStores(native, keys));
  const sslRecords = once(() => createSslRecords(native));
  const httpServer = once(() => createHttpServer(native));
  return {
    describe: async () => describeHost(native),
    appcmd: (args) => runAppcmd(native, args),
    get certificates() {
      return certificates();
    },
    get keys() {
      return keys();
    },
    get sslRecords() {
      return sslRecords();
    },
    files: createSiteFiles(native),
    get httpServer() {
      return httpServer();
    },
    allowsInbound: async (port, receiver) => inboundAccess(native, port, receiver),
    endpoints: async (address, port) => endpointsOf(address, port, ipListenList(native), ownAddresses()),
    addresses: async () => ownAddresses(),
  };
}
