import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { WindowsError } from '../../src/errors/error.ts';
import type { HostKeyName } from '../../src/ports/host-keys.ts';
import type { CertificateStores, StoredCertificate, StoreName } from '../../src/ports/windows-host.ts';
import { chainAbove } from './serving/chain-above.ts';
import { isCertificateKey, type SimKeys } from './key-providers.ts';

const INVALID_PARAMETER = 87;
const BAD_ENCODE = 0x80092002;
const BAD_DATA = 0x80090005;
const NO_KEY = 0x8009000d;
const BAD_KEYSET = 0x80090016;
const NOT_SUPPORTED = 0x80090029;

const storeNames: readonly StoreName[] = ['MY', 'WebHosting', 'CA', 'Root'];

interface Entry {
  readonly certificate: X509Certificate;
  readonly friendlyName: string | null;
  /** Imported with the certificate, or made in a provider. */
  readonly key: KeyObject | HostKeyName | null;
}

/** A certificate that http.sys can serve. Never leaves the double: the port has no way to read a key. */
export interface ServableCertificate {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** The provider of this RSA key does not sign with RSA-PSS as TLS 1.3 wants it. */
  readonly withoutPss?: true;
}

/** Stores of LocalMachine. */
export interface SimStores extends CertificateStores {
  /** Certificate and key, if the store (any spelling, null = MY) has both. */
  servable(store: string | null, thumbprint: string): ServableCertificate | null;
  /** Certificates above `leaf` that Windows would send with these stores, see serving/chain-above.ts. */
  chainAbove(leaf: X509Certificate): readonly X509Certificate[];
}

/** `aia`: see SimWindowsOptions. */
export function createStores(keys: SimKeys, aia: ReadonlyMap<string, Uint8Array> = new Map()): SimStores {
  const stores = new Map<StoreName, Map<string, Entry>>(storeNames.map((name) => [name, new Map()]));
  const open = (name: StoreName): Map<string, Entry> => {
    const store = stores.get(name);
    if (store === undefined) throw new WindowsError('CertOpenStore', INVALID_PARAMETER, { store: name });
    return store;
  };
  const certificatesOf = (name: StoreName): readonly X509Certificate[] =>
    [...open(name).values()].map(({ certificate }) => certificate);
  const view = (store: StoreName, { certificate, friendlyName, key }: Entry): StoredCertificate => ({
    store,
    thumbprint: thumbprintOf(certificate),
    der: new Uint8Array(certificate.raw),
    friendlyName,
    hasPrivateKey: key !== null,
  });
  return {
    list: async (name) => [...open(name).values()].map((entry) => view(name, entry)),
    find: async (name, thumbprint) => {
      const entry = open(name).get(thumbprint.toLowerCase());
      return entry === undefined ? null : view(name, entry);
    },
    importWithKey: async (name, der, privateKey, friendlyName) => {
      const store = open(name);
      const certificate = parse(der);
      const key = parseKey(privateKey);
      if (!certificate.checkPrivateKey(key)) throw new WindowsError('CertSetCertificateContextProperty', NO_KEY);
      if (!isCertificateKey(key)) throw new WindowsError('NCryptImportKey', NOT_SUPPORTED);
      store.set(thumbprintOf(certificate), { certificate, friendlyName: friendlyName || null, key });
    },
    add: async (name, der) => {
      const store = open(name);
      const certificate = parse(der);
      const thumbprint = thumbprintOf(certificate);
      if (!store.has(thumbprint)) store.set(thumbprint, { certificate, friendlyName: null, key: null });
    },
    addWithKey: async (name, der, key, friendlyName) => {
      const store = open(name);
      const certificate = parse(der);
      const held = keys.keyFor(key);
      if (held === null) throw new WindowsError('NCryptOpenKey', BAD_KEYSET, { provider: key.provider });
      if (!createPublicKey(held).equals(certificate.publicKey)) {
        throw new WindowsError('CertSetCertificateContextProperty', NO_KEY, { provider: key.provider });
      }
      store.set(thumbprintOf(certificate), { certificate, friendlyName: friendlyName || null, key });
    },
    remove: async (name, thumbprint) => {
      open(name).delete(thumbprint.toLowerCase());
    },
    servable: (name, thumbprint) => {
      const wanted = (name ?? 'MY').toLowerCase();
      const store = storeNames.find((candidate) => candidate.toLowerCase() === wanted);
      const entry = store === undefined ? undefined : open(store).get(thumbprint.toLowerCase());
      if (entry === undefined || entry.key === null) return null;
      if (!('provider' in entry.key)) return { certificate: entry.certificate, key: entry.key };
      const key = keys.keyFor(entry.key);
      if (key === null) return null;
      const withoutPss = key.asymmetricKeyType === 'rsa' && !keys.signsPss(entry.key.provider);
      return { certificate: entry.certificate, key, ...(withoutPss ? { withoutPss } : {}) };
    },
    chainAbove: (leaf) => chainAbove(leaf, { ca: certificatesOf('CA'), root: certificatesOf('Root'), aia }),
  };
}

function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '').toLowerCase();
}

function parseKey(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    throw new WindowsError('NCryptImportKey', BAD_DATA);
  }
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new WindowsError('CertAddEncodedCertificateToStore', BAD_ENCODE);
  }
}
