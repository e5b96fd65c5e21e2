import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { WindowsError } from '../../src/errors/error.ts';
import type { HostKeyName } from '../../src/ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../src/ports/key-store.ts';
import type { SslRecord, SslRecordKey, StoreName } from '../../src/ports/windows-host.ts';
import type { SeenHandshake } from '../../src/selftest/result-file.ts';
import { recordKeyText } from '../../src/iis/records/ssl-record.ts';
import type { Asking } from './asking.ts';
import { type Authority, type KeyPair, type Leaf, makeAuthority, makeLeaf, newKey } from './certificates.ts';
import { shakeHands } from './handshake.ts';
import { APP_ID, keyName, PREFIX, PROVIDERS, URL_FOLDER } from './own-names.ts';

const NTE_BAD_KEYSET = 0x80090016;

// What questions put on the machine. Each removes itself when the question has been answered.

/** Has http.sys listen on a port for TLS: records alone open no port. */
export async function listenForTls(asking: Asking, port: number): Promise<void> {
  const end = await asking.host.httpServer.serve(`https://+:${port}${URL_FOLDER}`, () => PREFIX);
  asking.onEnd(end);
}

export interface Placed extends Leaf {
  readonly store: StoreName;
}

/** A leaf with its key in a store. */
export async function placeLeaf(
  asking: Asking,
  {
    hosts,
    store = 'MY',
    issuer = makeAuthority(asking.random, asking.clock.now(), 'CA'),
    pair = newKey('ec-p256'),
    issuerAt,
  }: {
    readonly hosts: readonly string[];
    readonly store?: StoreName;
    readonly issuer?: Authority;
    readonly pair?: KeyPair;
    readonly issuerAt?: string;
  },
): Promise<Placed> {
  const leaf = makeLeaf(asking.random, asking.clock.now(), issuer, {
    hosts,
    publicKey: pair.publicKey,
    ...(issuerAt === undefined ? {} : { issuerAt }),
  });
  const pkcs8 = pair.key.export({ type: 'pkcs8', format: 'der' });
  asking.onEnd(() => asking.host.certificates.remove(store, leaf.thumbprint));
  await asking.host.certificates.importWithKey(store, leaf.der, pkcs8, PREFIX);
  pkcs8.fill(0);
  return { ...leaf, store };
}

/** A leaf in MY whose key the software provider made: the one of this number among our names. */
export async function placeLeafOfProvider(
  asking: Asking,
  {
    hosts,
    algorithm,
    number,
  }: {
    readonly hosts: readonly string[];
    readonly algorithm: CertificateKeyAlgorithm;
    readonly number: number;
  },
): Promise<{ readonly leaf: Placed; readonly key: HostKeyName }> {
  const { host, random, clock } = asking;
  const key = keyName(PROVIDERS.software, number);
  asking.onEnd(() => host.keys.remove(key));
  await host.keys.create(key, algorithm);
  const publicKey = await host.keys.publicKey(key);
  if (publicKey === null) throw new WindowsError('NCryptOpenKey', NTE_BAD_KEYSET);
  const leaf = makeLeaf(random, clock.now(), makeAuthority(random, clock.now(), 'CA'), { hosts, publicKey });
  asking.onEnd(() => host.certificates.remove('MY', leaf.thumbprint));
  await host.certificates.addWithKey('MY', leaf.der, key, PREFIX);
  return { leaf: { ...leaf, store: 'MY' }, key };
}

/** A certificate without a key in a store. */
export async function placeAuthority(asking: Asking, store: StoreName, authority: Authority): Promise<void> {
  asking.onEnd(() => asking.host.certificates.remove(store, authority.thumbprint));
  await asking.host.certificates.add(store, authority.der);
}

export function recordOf(key: SslRecordKey, leaf: Placed | null, other: Partial<SslRecord> = {}): SslRecord {
  return {
    key,
    certificateHash: leaf?.thumbprint ?? null,
    certificateStore: leaf?.store ?? null,
    appId: APP_ID,
    certCheckMode: 0,
    revocationFreshnessTime: 0,
    revocationUrlRetrievalTimeout: 0,
    ctlIdentifier: null,
    ctlStoreName: null,
    flags: 0,
    ...other,
  };
}

/** Sets a record, and removes it in the end. */
export async function placeRecord(asking: Asking, record: SslRecord): Promise<void> {
  asking.onEnd(() => asking.host.sslRecords.remove(record.key));
  await asking.host.sslRecords.set(record);
}

/** A handshake with what listens on an address and port; it stands in the file. */
export async function handshakeWith(
  asking: Asking,
  {
    address = '127.0.0.1',
    port,
    sni,
    record,
    options,
    keep,
  }: {
    readonly address?: string;
    readonly port: number;
    readonly sni: string;
    readonly record?: SslRecordKey;
    readonly options?: ConnectionOptions;
    readonly keep?: (socket: TLSSocket) => void;
  },
): Promise<SeenHandshake> {
  const own = await asking.host.endpoints(address, port);
  const [endpoint] = own.length > 0 ? own : await asking.host.endpoints(address.includes(':') ? '::' : '*', port);
  const seen = await shakeHands(
    {
      address: endpoint?.address ?? address,
      port: endpoint?.port ?? port,
      sni,
      ...(record === undefined ? {} : { record: `${record.kind} ${recordKeyText(record)}` }),
      ...(options === undefined ? {} : { options }),
    },
    keep,
  );
  asking.note({ kind: 'handshake', handshake: seen });
  return seen;
}

/** `TLSv1.3 in 12 ms`, or the failure. */
export function handshakeText({ tls, ms, error }: SeenHandshake): string {
  return error === null ? `${tls} in ${Math.round(ms)} ms` : `failed (${error})`;
}
