import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { buildPfx, makePfx } from '../../../lab/pfx.ts';
import { pkcs8Of } from '../../../lab/test-ca.ts';
import type { SslRecordKey } from '../../../src/ports/windows-host.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { makeCertificate, makeHierarchy } from '../../verify/certificates.ts';
import { configurationOf, iisRecord, install, served, simFor } from './support.ts';

// Which certificate http.sys chooses, seen by real handshakes.

const configuration = configurationOf(
  { name: 'Any', bindings: [['https', '*:443:', 0]] },
  { name: 'Shop', bindings: [['https', '*:443:shop.test', 1]] },
  { name: 'Addressed', bindings: [['https', '192.0.2.20:443:', 0]] },
  { name: 'Six', bindings: [['https', '[2001:db8::6]:443:', 0]] },
  { name: 'Bücher', bindings: [['https', '*:443:bücher.test', 1]] },
  { name: 'Elsewhere', bindings: [['https', '*:8443:', 0]] },
);

const keys: Readonly<Record<string, SslRecordKey>> = {
  any: { kind: 'ipport', address: '0.0.0.0', port: 443 },
  any6: { kind: 'ipport', address: '::', port: 443 },
  address: { kind: 'ipport', address: '192.0.2.20', port: 443 },
  address6: { kind: 'ipport', address: '2001:db8::6', port: 443 },
  shop: { kind: 'hostnameport', host: 'Shop.test', port: 443 },
  wildcard: { kind: 'hostnameport', host: '*.shop.test', port: 443 },
  idn: { kind: 'hostnameport', host: 'bücher.test', port: 443 },
};

for (const choiceOrder of ['host-first', 'address-first'] as const) {
  test(`selection, ${choiceOrder}: host, its wildcard, address, every address; removed one after another`, async (t) => {
    const { host } = await simFor(t, configuration, { choiceOrder });
    for (const [commonName, key] of Object.entries(keys)) {
      const thumbprint = await install(host, await makeCertificate({ commonName }));
      await host.sslRecords.set(iisRecord(key, thumbprint));
    }
    const hostFirst = choiceOrder === 'host-first';
    assert.equal(await served(host, '*', 443, 'shop.test'), 'shop');
    assert.equal(await served(host, '*', 443, 'SHOP.test'), 'shop');
    assert.equal(await served(host, '*', 443, 'a.shop.test'), 'wildcard');
    assert.equal(await served(host, '*', 443, 'a.b.shop.test'), 'any');
    assert.equal(await served(host, '*', 443, 'bücher.test'), 'idn');
    assert.equal(await served(host, '*', 443, 'unknown.test'), 'any');
    assert.equal(await served(host, '*', 443, ''), 'any');
    assert.equal(await served(host, '192.0.2.20', 443, ''), 'address');
    assert.equal(await served(host, '192.0.2.20', 443, 'unknown.test'), 'address');
    // Where the sources disagree.
    assert.equal(await served(host, '192.0.2.20', 443, 'shop.test'), hostFirst ? 'shop' : 'address');
    assert.equal(await served(host, '2001:db8::6', 443, 'a.shop.test'), hostFirst ? 'wildcard' : 'address6');
    assert.equal(await served(host, '2001:db8::6', 443, ''), 'address6');

    const without = async (...names: readonly (keyof typeof keys)[]): Promise<void> => {
      for (const name of names) await host.sslRecords.remove(keys[name] as SslRecordKey);
    };
    await without('address6');
    assert.equal(await served(host, '2001:db8::6', 443, ''), 'any6');
    await without('any6');
    assert.equal(await served(host, '2001:db8::6', 443, ''), 'any');
    await without('shop');
    assert.equal(await served(host, '*', 443, 'shop.test'), 'any');
    await without('any');
    assert.equal(await served(host, '192.0.2.20', 443, 'unknown.test'), 'address');
    assert.equal(await served(host, '*', 443, 'unknown.test'), 'VERIFY_HANDSHAKE_FAILED');
    assert.equal(await served(host, '*', 443, ''), 'VERIFY_HANDSHAKE_FAILED');
  });
}

test('a record counts for its own port only; a port without one resets', async (t) => {
  const { host } = await simFor(t, configuration);
  const thumbprint = await install(host, await makeCertificate({ commonName: 'one' }));
  await host.sslRecords.set(iisRecord({ kind: 'hostnameport', host: 'shop.test', port: 8443 }, thumbprint));
  assert.equal(await served(host, '*', 8443, 'shop.test'), 'one');
  assert.equal(await served(host, '*', 443, 'shop.test'), 'VERIFY_HANDSHAKE_FAILED');
});

test('a record alone opens no port, one of another application does', async (t) => {
  const { host } = await simFor(t, configuration);
  const thumbprint = await install(host, await makeCertificate({ commonName: 'winrm' }));
  const record = iisRecord({ kind: 'ipport', address: '0.0.0.0', port: 5986 }, thumbprint);
  await host.sslRecords.set(record);
  assert.equal(await served(host, '*', 5986, ''), 'nothing listens');
  await host.sslRecords.remove(record.key);
  await host.sslRecords.set({ ...record, appId: '{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}' });
  assert.equal(await served(host, '*', 5986, ''), 'winrm');
});

test('a certificate that left the store breaks the handshake', async (t) => {
  const { host } = await simFor(t, configuration);
  const thumbprint = await install(host, await makeCertificate({ commonName: 'gone' }));
  await host.sslRecords.set(iisRecord({ kind: 'ipport', address: '0.0.0.0', port: 443 }, thumbprint));
  assert.equal(await served(host, '*', 443, ''), 'gone');
  await host.certificates.remove('MY', thumbprint);
  assert.equal(await served(host, '*', 443, ''), 'VERIFY_HANDSHAKE_FAILED');
});

test('the chain is built from the stores when the record is written, without the root and whatever this process trusts', async (t) => {
  const { host } = await simFor(t, configuration);
  const { root, upper, lower, leaf } = await makeHierarchy(['shop.test']);
  // What this process trusts must not show.
  setDefaultCACertificates([root.pem, upper.pem, lower.pem]);
  t.after(() => setDefaultCACertificates(getCACertificates('bundled')));
  // The same name, valid for longer, but another key.
  const stranger = await makeCertificate({ commonName: 'lower', issuer: upper, isCa: true, until: 60 });
  await install(host, leaf);
  const record = iisRecord({ kind: 'ipport', address: '0.0.0.0', port: 443 }, leaf.thumbprint);
  await host.sslRecords.set(record);
  // Written again each time: SChannel keeps the chain (test/lab/sim-windows/served-chain.test.ts).
  const chain = async (): Promise<readonly Uint8Array[]> => {
    await host.sslRecords.update(record);
    const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 443);
    return (await tlsProbe({ ...endpoint, host: '', timeoutMs: 30_000 })).chain;
  };
  assert.deepEqual(await chain(), [leaf.der]);
  await host.certificates.add('CA', stranger.der);
  await host.certificates.add('CA', lower.der);
  assert.deepEqual(await chain(), [leaf.der, lower.der]);
  await host.certificates.add('CA', upper.der);
  await host.certificates.add('CA', root.der);
  assert.deepEqual(await chain(), [leaf.der, lower.der, upper.der]);
  await host.certificates.remove('CA', lower.thumbprint);
  assert.deepEqual(await chain(), [leaf.der]);
});

test('the flag against TLS 1.3 is obeyed', async (t) => {
  const { host } = await simFor(t, configuration);
  const thumbprint = await install(host, await makeCertificate({ commonName: 'twelve' }));
  await host.sslRecords.set(iisRecord({ kind: 'ipport', address: '0.0.0.0', port: 443 }, thumbprint, 0x40));
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 443);
  assert.equal((await tlsProbe({ ...endpoint, host: '', timeoutMs: 30_000 })).protocol, 'TLSv1.2');
});

test('the central store is searched by file name, exact before wildcard', async (t) => {
  const exact = await makeCertificate({ commonName: 'exact' });
  const wildcard = await makeCertificate({ commonName: 'wildcard' });
  const central = configurationOf({ name: 'Central', bindings: [['https', '*:443:', 2]] });
  const pfx = await Promise.all([exact, wildcard].map((certificate) => makePfx(certificate, 'ccs')));
  // One password for the whole store, as in Windows.
  const { host } = await simFor(t, central, { centralStore: { folder: 'D:\\certs', password: 'central' } });
  for (const [index, name] of ['shop.test', '_.test'].entries()) {
    const certificate = [exact, wildcard][index] ?? exact;
    const octets = await buildPfx({
      privateKeyPkcs8: pkcs8Of(certificate),
      chain: [certificate.der],
      password: 'central',
      friendlyName: 'c',
      iterations: 1,
    });
    await host.files.write(`D:\\certs\\${name}.pfx`, octets);
  }
  await host.sslRecords.set(iisRecord({ kind: 'ccs', port: 443 }, null));
  assert.equal(await served(host, '*', 443, 'shop.test'), 'exact');
  assert.equal(await served(host, '*', 443, 'other.test'), 'wildcard');
  assert.equal(await served(host, '*', 443, 'a.other.test'), 'VERIFY_HANDSHAKE_FAILED');
  assert.equal(await served(host, '*', 443, ''), 'VERIFY_HANDSHAKE_FAILED');
  // A file under another password is as good as none, and the double lives on.
  await host.files.write('D:\\certs\\shop.test.pfx', pfx[0]?.octets ?? new Uint8Array());
  assert.equal(await served(host, '*', 443, 'shop.test'), 'VERIFY_HANDSHAKE_FAILED');
  assert.equal(await served(host, '*', 443, 'other.test'), 'wildcard');
});
