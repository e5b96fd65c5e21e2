import assert from 'node:assert/strict';
import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { type LabCa, pkcs8Of } from '../../lab/test-ca.ts';
import { WindowsError } from '../../src/errors/error.ts';
import { sameStore } from '../../src/iis/records/ssl-record.ts';
import type { CertificateKeyAlgorithm } from '../../src/ports/key-store.ts';
import type { HostKeyName } from '../../src/ports/host-keys.ts';
import type { SslRecord, SslRecordKey, StoreName, WindowsHost } from '../../src/ports/windows-host.ts';

/** A host for one run of the suite, and what of it may be used. The suite removes what it makes. */
export interface ContractHost {
  readonly host: WindowsHost;
  /** An empty or absent folder for files of the suite, as a Windows path. */
  readonly folder: string;
  /** Two ports that nothing of the host uses. */
  readonly ports: readonly [number, number];
  /** A provider that refuses algorithms, and which; null when the host has none. */
  readonly limitedProvider: { readonly provider: string; readonly refuses: readonly CertificateKeyAlgorithm[] } | null;
  /** A provider that is registered although its device is not there; null when the host has none. */
  readonly deviceless: string | null;
  close(): Promise<void>;
}

/** What every part of the suite starts from. */
export interface ContractContext {
  readonly open: () => Promise<ContractHost>;
  readonly ca: () => Promise<LabCa>;
}

export interface ContractCertificate {
  readonly der: Uint8Array;
  readonly thumbprint: string;
  /** PrivateKeyInfo, DER. */
  readonly privateKey: Uint8Array;
}

const DAY_MS = 24 * 3600 * 1000;

/** A certificate of the CA that is valid for 30 days, with its key. */
export async function issue(ca: LabCa, ...names: readonly string[]): Promise<ContractCertificate> {
  const issued = await ca.issue({
    names,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
  });
  return { der: issued.der, thumbprint: hash('sha1', issued.der, 'hex'), privateKey: pkcs8Of(issued) };
}

/** The same for a key of this algorithm. */
export async function issueFor(
  ca: LabCa,
  algorithm: CertificateKeyAlgorithm,
  ...names: readonly string[]
): Promise<ContractCertificate> {
  const { publicKey, privateKey } = generate(algorithm);
  const certificate = await certified(ca, publicKey.export({ type: 'spki', format: 'der' }), ...names);
  return { ...certificate, privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }) };
}

function generate(algorithm: CertificateKeyAlgorithm): {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
} {
  if (algorithm === 'ec-p256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'ec-p384') return generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return generateKeyPairSync('rsa', { modulusLength: Number(algorithm.slice(4)) });
}

/** Issues, imports, and removes again when the test is over. */
export async function installed(
  context: { after(work: () => Promise<void>): void },
  host: WindowsHost,
  ca: LabCa,
  store: StoreName,
  ...names: readonly string[]
): Promise<ContractCertificate> {
  const certificate = await issue(ca, ...names);
  await host.certificates.importWithKey(store, certificate.der, certificate.privateKey, 'contract');
  context.after(() => host.certificates.remove(store, certificate.thumbprint));
  return certificate;
}

/** The provider that every Windows has. */
export const SOFTWARE_PROVIDER = 'Microsoft Software Key Storage Provider';

let made = 0;

/** A key of the software provider that is removed when the test is over; with its SubjectPublicKeyInfo, DER. */
export async function madeKey(
  context: { after(work: () => Promise<void>): void },
  { keys }: WindowsHost,
  algorithm: CertificateKeyAlgorithm,
): Promise<{ readonly key: HostKeyName; readonly publicKey: Uint8Array }> {
  made += 1;
  const key = { provider: SOFTWARE_PROVIDER, name: `everbind-contract-${process.pid}-${made}` };
  context.after(() => keys.remove(key));
  await keys.create(key, algorithm);
  const publicKey = await keys.publicKey(key);
  assert.ok(publicKey !== null, 'the key that was made is not there');
  return { key, publicKey };
}

/** A certificate of the CA for a key that is elsewhere. */
export async function certified(
  ca: LabCa,
  publicKey: Uint8Array,
  ...names: readonly string[]
): Promise<{ readonly der: Uint8Array; readonly thumbprint: string }> {
  const der = await ca.certify(
    { names, notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 30 * DAY_MS) },
    publicKey,
  );
  return { der, thumbprint: hash('sha1', der, 'hex') };
}

/**
 * A record with unusual values in the fields that a renewal carries over. That of the central store for a port has
 * default values: Windows takes no others.
 */
export function recordFor(key: SslRecordKey, certificateHash: string | null, store: string | null = 'MY'): SslRecord {
  const hasOptions = key.kind !== 'ccs';
  return {
    key,
    certificateHash,
    certificateStore: store,
    appId: '{0b5f2a5c-53a4-4d1c-9d2e-000000000001}',
    certCheckMode: hasOptions ? 1 : 0,
    revocationFreshnessTime: hasOptions ? 77 : 0,
    revocationUrlRetrievalTimeout: hasOptions ? 88 : 0,
    ctlIdentifier: null,
    ctlStoreName: null,
    flags: hasOptions ? 0x40 | 0x400 : 0,
  };
}

/**
 * A record as it is compared: whether one in MY reads back with the store's name or without differs from host to host.
 */
export function comparable<T extends SslRecord | null>(record: T): T {
  return record !== null && sameStore(record.certificateStore, null) ? { ...record, certificateStore: null } : record;
}

/** The Win32 status with which a call fails. */
export async function statusOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof WindowsError, `not a WindowsError: ${String(error)}`);
    assert.equal(error.code, 'WIN_CALL_FAILED');
    return error.status;
  }
  return 0;
}
