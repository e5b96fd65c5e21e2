import type { HostKeys } from '../ports/host-keys.ts';
import type { Transport } from '../ports/transport.ts';
import type { CertificateStores, SiteFiles, SslRecords, WindowsHost } from '../ports/windows-host.ts';

/**
 * Called right before each effect outside the database; throws STORE_LEASE_LOST where another process has taken over.
 * A process may be stopped anywhere, by a debugger or with its whole machine, and go on hours later.
 */
export type Fence = () => void;

/** The host with a fence before every call that changes something. */
export function fenceHost(host: WindowsHost, fence: Fence): WindowsHost {
  return {
    describe: () => host.describe(),
    appcmd: async (args) => {
      if (args[0] !== 'list') fence();
      return host.appcmd(args);
    },
    endpoints: (address, port) => host.endpoints(address, port),
    addresses: () => host.addresses(),
    allowsInbound: (port, receiver) => host.allowsInbound(port, receiver),
    certificates: fenceStores(host.certificates, fence),
    keys: fenceKeys(host.keys, fence),
    sslRecords: fenceRecords(host.sslRecords, fence),
    files: fenceFiles(host.files, fence),
    // The registration ends with its process; ending it earlier harms nobody.
    httpServer: {
      serve: async (prefix, respond) => {
        fence();
        return host.httpServer.serve(prefix, respond);
      },
    },
  };
}

function fenceStores(stores: CertificateStores, fence: Fence): CertificateStores {
  return {
    list: (store) => stores.list(store),
    find: (store, thumbprint) => stores.find(store, thumbprint),
    importWithKey: async (...call) => {
      fence();
      return stores.importWithKey(...call);
    },
    add: async (...call) => {
      fence();
      return stores.add(...call);
    },
    addWithKey: async (...call) => {
      fence();
      return stores.addWithKey(...call);
    },
    remove: async (...call) => {
      fence();
      return stores.remove(...call);
    },
  };
}

function fenceKeys(keys: HostKeys, fence: Fence): HostKeys {
  return {
    providers: () => keys.providers(),
    publicKey: (key) => keys.publicKey(key),
    sign: (...call) => keys.sign(...call),
    create: async (...call) => {
      fence();
      return keys.create(...call);
    },
    remove: async (...call) => {
      fence();
      return keys.remove(...call);
    },
  };
}

function fenceRecords(records: SslRecords, fence: Fence): SslRecords {
  return {
    enumerate: () => records.enumerate(),
    query: (key) => records.query(key),
    set: async (...call) => {
      fence();
      return records.set(...call);
    },
    update: async (...call) => {
      fence();
      return records.update(...call);
    },
    remove: async (...call) => {
      fence();
      return records.remove(...call);
    },
  };
}

function fenceFiles(files: SiteFiles, fence: Fence): SiteFiles {
  return {
    read: (...call) => files.read(...call),
    write: async (...call) => {
      fence();
      return files.write(...call);
    },
    removeFile: async (...call) => {
      fence();
      return files.removeFile(...call);
    },
    removeEmptyFolder: async (...call) => {
      fence();
      return files.removeEmptyFolder(...call);
    },
  };
}

/** A transport with a fence before every request: a CA or a DNS host would do what it says. */
export function fenceTransport(transport: Transport, fence: Fence): Transport {
  return async (...call) => {
    fence();
    return transport(...call);
  };
}
