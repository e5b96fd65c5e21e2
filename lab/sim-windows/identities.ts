import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { SiteFiles, SslRecord } from '../../src/ports/windows-host.ts';
import { createLabCa } from '../test-ca.ts';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type ChoiceOrder, chooseRecord } from './serving/certificate-choice.ts';
import { createChainCache } from './serving/chain-cache.ts';
import type { ServableCertificate, SimStores } from './certificate-stores.ts';
import type { FaultBoard } from './faults.ts';
import type { Credentials } from './serving/credentials.ts';
import type { Listener } from './serving/listeners.ts';
import { openPfx } from './pfx.ts';
import type { ServedIdentity } from './serving/tls-front.ts';

/** The Central Certificate Store: `<host>.pfx` and `_.<domain>.pfx` in one folder, under one password. */
export interface CentralStore {
  /** A Windows path. */
  readonly folder: string;
  readonly password: string;
}

const DISABLE_TLS13 = 0x40;
const MAX_PFX = 1024 * 1024;

/**
 * Finds the certificate for a handshake, from the records and stores as they are at that moment; the chain above it is
 * that of the first handshake since the record was written.
 */
export function createIdentities(world: {
  readonly stores: Pick<SimStores, 'servable' | 'chainAbove'>;
  readonly records: () => readonly SslRecord[];
  readonly files: SiteFiles;
  readonly faults: FaultBoard;
  readonly order: ChoiceOrder;
  readonly centralStore: CentralStore | null;
  readonly credentials: Credentials;
}): { identify(listener: Listener, serverName: string): Promise<ServedIdentity | null | 'silence'> } {
  let stranger: Promise<ServableCertificate> | null = null;
  const chains = createChainCache();

  const centralCertificate = async (serverName: string): Promise<ServableCertificate | null> => {
    if (world.centralStore === null || serverName === '') return null;
    const { folder, password } = world.centralStore;
    const host = canonicalHost(serverName);
    for (const name of [host, `_${host.slice(host.indexOf('.'))}`]) {
      const octets = await world.files.read(`${folder}\\${name}.pfx`, MAX_PFX);
      if (octets === null) continue;
      const { leaf, key } = await openPfx(octets, password);
      return { certificate: leaf, key };
    }
    return null;
  };

  return {
    identify: async (listener, serverName) => {
      const fault = world.faults.served(serverName, listener.port, listener.addresses);
      if (fault === 'silence') return 'silence';
      if (fault === 'reset') return null;
      if (fault === 'wrong-certificate') {
        stranger ??= makeStranger();
        return { ...(await stranger), above: [], allowTls13: true };
      }
      const arrival = { addresses: listener.addresses, port: listener.port, serverName };
      const record = chooseRecord(world.records(), arrival, world.order);
      if (record === null) return null;
      await world.credentials.acquired(record);
      const { certificateStore: store, certificateHash } = record;
      const renewed = certificateHash === null ? null : world.faults.renewed(certificateHash);
      const identity =
        certificateHash === null
          ? await centralCertificate(serverName)
          : ((renewed === null ? null : world.stores.servable(store, renewed)) ??
            world.stores.servable(store, certificateHash));
      if (identity === null) return null;
      const { certificate } = identity;
      const above = await chains(record, certificate, async () => world.stores.chainAbove(certificate));
      return {
        ...identity,
        above: fault === 'leaf-only' ? [] : above,
        allowTls13: (record.flags & DISABLE_TLS13) === 0,
      };
    },
  };
}

async function makeStranger(): Promise<ServableCertificate> {
  const ca = await createLabCa('Somebody else');
  const day = 24 * 3600 * 1000;
  const { der, privateKeyPem } = await ca.issue({
    names: ['somebody-else.everbind.test'],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 90 * day),
  });
  return { certificate: new X509Certificate(der), key: createPrivateKey(privateKeyPem) };
}
