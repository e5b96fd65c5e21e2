import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimWindows, SimWindowsOptions } from '../../../lab/sim-windows/sim-windows.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { makeCertificate, makeCrossSigned, makeHierarchy, type MadeCertificate } from '../../verify/certificates.ts';
import { configurationOf, iisRecord, install, simFor } from './support.ts';

// Which chain SChannel sends: the one that crypt32 builds from the machine's stores.

type Store = 'CA' | 'Root';

const key = { kind: 'hostnameport', host: 'shop.test', port: 443 } as const;

interface Server {
  put(store: Store, ...certificates: readonly MadeCertificate[]): Promise<void>;
  take(store: Store, certificate: MadeCertificate): Promise<void>;
  /** Writes the record, with what it has already when there is one. */
  bind(leaf: MadeCertificate): Promise<void>;
  /** What a handshake gets above the leaf, base64. */
  above(): Promise<readonly string[]>;
}

async function start(
  t: { after(work: () => Promise<void>): void },
  options: Partial<SimWindowsOptions> = {},
): Promise<Server> {
  const configuration = configurationOf({ name: 'Shop', bindings: [['https', '*:443:shop.test', 1]] });
  const { host }: SimWindows = await simFor(t, configuration, options);
  return {
    put: async (store, ...certificates) => {
      for (const { der } of certificates) await host.certificates.add(store, der);
    },
    take: (store, { thumbprint }) => host.certificates.remove(store, thumbprint),
    bind: async (leaf) => {
      const record = iisRecord(key, await install(host, leaf));
      await ((await host.sslRecords.query(key)) === null
        ? host.sslRecords.set(record)
        : host.sslRecords.update(record));
    },
    above: async () => {
      const [endpoint] = await host.endpoints('*', 443);
      assert.ok(endpoint !== undefined);
      const { chain } = await tlsProbe({ ...endpoint, host: 'shop.test', timeoutMs: 10_000 });
      return chain.slice(1).map((der) => Buffer.from(der).toString('base64'));
    },
  };
}

const text = (...certificates: readonly MadeCertificate[]): readonly string[] =>
  certificates.map(({ der }) => Buffer.from(der).toString('base64'));

const leafOf = (issuer: MadeCertificate): Promise<MadeCertificate> =>
  makeCertificate({ commonName: 'shop.test', names: ['shop.test'], issuer });

test('a self-signed root in Root wins over its cross-certificate; the root itself is not sent', async (t) => {
  const server = await start(t);
  const { oldRoot, newRoot, cross, issuing } = await makeCrossSigned();
  await server.put('CA', issuing, cross);
  await server.put('Root', oldRoot, newRoot);
  await server.bind(await leafOf(issuing));
  assert.deepEqual(await server.above(), text(issuing));
});

test('without the new root in Root the cross-certificate leads to the old one, though the new one is in CA', async (t) => {
  const server = await start(t);
  const { oldRoot, newRoot, cross, issuing } = await makeCrossSigned();
  await server.put('CA', issuing, cross, newRoot);
  await server.put('Root', oldRoot);
  await server.bind(await leafOf(issuing));
  assert.deepEqual(await server.above(), text(issuing, cross));
});

test('of two paths to trusted roots the shorter one is sent', async (t) => {
  const server = await start(t);
  const long = await makeCertificate({ commonName: 'long root', isCa: true });
  const short = await makeCertificate({ commonName: 'short root', isCa: true });
  const between = await makeCertificate({ commonName: 'between', issuer: long, isCa: true });
  const issuing = await makeCertificate({ commonName: 'issuing', issuer: between, isCa: true, until: 60 });
  const direct = await makeCertificate({ commonName: 'issuing', keys: issuing.keys, issuer: short, isCa: true });
  await server.put('CA', issuing, between, direct);
  await server.put('Root', long, short);
  await server.bind(await leafOf(issuing));
  assert.deepEqual(await server.above(), text(direct));
});

test('an expired cross-certificate is passed over, and so is an expired root', async (t) => {
  const root = await makeCertificate({ commonName: 'root', isCa: true });
  const dead = await makeCertificate({ commonName: 'dead root', isCa: true, from: -20, until: -1 });
  const upper = await makeCertificate({ commonName: 'upper', issuer: root, isCa: true });
  const issuing = await makeCertificate({ commonName: 'issuing', issuer: upper, isCa: true });
  const { commonName, keys } = issuing;
  const expired = await makeCertificate({ commonName, keys, issuer: root, isCa: true, from: -20, until: -1 });
  const toDead = await makeCertificate({ commonName, keys, issuer: dead, isCa: true });
  const server = await start(t);
  await server.put('CA', issuing, upper, expired, toDead);
  await server.put('Root', root, dead);
  await server.bind(await leafOf(issuing));
  assert.deepEqual(await server.above(), text(issuing, upper));
});

test('issuers come from CA and Root alone, and a path that leads nowhere is sent as far as it goes', async (t) => {
  const { lower, upper, leaf } = await makeHierarchy(['shop.test']);
  const server = await start(t);
  await server.put('CA', lower);
  await server.bind(upper);
  await server.bind(leaf);
  assert.deepEqual(await server.above(), text(lower), 'upper is in MY');
});

test('the path is kept until the record is written again, whatever becomes of the stores', async (t) => {
  const { root, lower, upper, leaf } = await makeHierarchy(['shop.test']);
  const server = await start(t);
  await server.put('Root', root);
  await server.bind(leaf);
  await server.put('CA', lower);
  // Credentials are acquired at the first handshake.
  assert.deepEqual(await server.above(), text(lower));
  await server.put('CA', upper);
  assert.deepEqual(await server.above(), text(lower));
  await server.bind(leaf);
  assert.deepEqual(await server.above(), text(lower, upper));
  await server.take('CA', lower);
  assert.deepEqual(await server.above(), text(lower, upper));
  await server.bind(leaf);
  assert.deepEqual(await server.above(), []);
});

test('a missing issuer is fetched from the address in the certificate, where the machine can', async (t) => {
  const root = await makeCertificate({ commonName: 'root', isCa: true });
  const upper = await makeCertificate({ commonName: 'upper', issuer: root, isCa: true });
  const caIssuers = 'http://ca.test/upper.cer';
  const lower = await makeCertificate({ commonName: 'lower', issuer: upper, isCa: true, caIssuers });
  const leaf = await leafOf(lower);
  const stranger = await makeCertificate({ commonName: 'upper', isCa: true });
  for (const [aia, expected] of [
    [undefined, [lower]],
    [new Map([[caIssuers, upper.der]]), [lower, upper]],
    [new Map([[caIssuers, stranger.der]]), [lower]],
  ] as const) {
    const server = await start(t, aia === undefined ? {} : { aia });
    await server.put('Root', root);
    await server.put('CA', lower);
    await server.bind(leaf);
    assert.deepEqual(await server.above(), text(...expected));
  }
});
