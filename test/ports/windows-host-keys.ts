import assert from 'node:assert/strict';
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { CertificateKeyAlgorithm } from '../../src/ports/key-store.ts';
import type { HostSignature } from '../../src/ports/host-keys.ts';
import {
  certified,
  type ContractContext,
  type ContractHost,
  installed,
  madeKey,
  SOFTWARE_PROVIDER,
  statusOf,
} from './windows-host-support.ts';

const EXISTS = 0x8009000f;
const NO_KEY = 0x8009000d;
const BAD_KEYSET = 0x80090016;
const INVALID_PARAMETER = 0x80090027;
const NOT_SUPPORTED = 0x80090029;
const DEVICE_NOT_READY = 0x80090030;

const DATA = Buffer.from('everbind contract');

const algorithms: readonly (readonly [CertificateKeyAlgorithm, HostSignature, string])[] = [
  ['ec-p256', 'ES256', 'ec prime256v1'],
  ['ec-p384', 'ES384', 'ec secp384r1'],
  ['rsa-2048', 'RS256', 'rsa 2048'],
  ['rsa-3072', 'RS256', 'rsa 3072'],
  ['rsa-4096', 'RS256', 'rsa 4096'],
];

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return `${asymmetricKeyType} ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength}`;
}

function verifies(publicKey: Uint8Array, algorithm: HostSignature, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  const hash = algorithm === 'ES384' ? 'sha384' : 'sha256';
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const how = algorithm === 'PS256' ? pss : ({ dsaEncoding: 'ieee-p1363' } as const);
  return verify(hash, DATA, { key, ...how }, signature);
}

/** Keys of key storage providers, and certificates that refer to them. */
export function keysContract(name: string, { open, ca }: ContractContext): void {
  describe(`${name}: keys of providers`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    it('has the software provider', async () => {
      assert.ok((await opened.host.keys.providers()).includes(SOFTWARE_PROVIDER));
    });

    for (const [algorithm, signature, kind] of algorithms) {
      it(`makes ${algorithm} keys that sign`, async (t) => {
        const { keys } = opened.host;
        const { key, publicKey } = await madeKey(t, opened.host, algorithm);
        const spki = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
        assert.equal(kindOf(spki), kind);
        assert.deepEqual(Buffer.from(publicKey), spki.export({ type: 'spki', format: 'der' }), 'no canonical DER');
        assert.ok(verifies(publicKey, signature, await keys.sign(key, signature, DATA)));
        if (signature === 'RS256') assert.ok(verifies(publicKey, 'PS256', await keys.sign(key, 'PS256', DATA)));
      });
    }

    it('finds a key by its name, whatever the case of the provider', async (t) => {
      const { keys } = opened.host;
      const { key, publicKey } = await madeKey(t, opened.host, 'ec-p256');
      const other = { provider: key.provider.toUpperCase(), name: key.name };
      assert.deepEqual(await keys.publicKey(other), publicKey);
      assert.ok(verifies(publicKey, 'ES256', await keys.sign(other, 'ES256', DATA)));
    });

    it('refuses a name that is taken with 0x8009000f and keeps the first key', async (t) => {
      const { keys } = opened.host;
      const { key, publicKey } = await madeKey(t, opened.host, 'ec-p256');
      assert.equal(await statusOf(keys.create(key, 'ec-p256')), EXISTS);
      assert.equal(await statusOf(keys.create(key, 'rsa-2048')), EXISTS);
      assert.deepEqual(await keys.publicKey(key), publicKey);
      assert.ok(verifies(publicKey, 'ES256', await keys.sign(key, 'ES256', DATA)));
    });

    it('gives a name to one of two keys that are made at the same time', async (t) => {
      const { keys } = opened.host;
      const key = { provider: SOFTWARE_PROVIDER, name: `everbind-contract-${process.pid}-race` };
      t.after(() => keys.remove(key));
      const statuses = await Promise.all([
        statusOf(keys.create(key, 'ec-p256')),
        statusOf(keys.create(key, 'ec-p256')),
      ]);
      assert.deepEqual(
        statuses.toSorted((left, right) => left - right),
        [0, EXISTS],
      );
    });

    it('signs with a key of its own algorithm alone', async (t) => {
      const { keys } = opened.host;
      const elliptic = await madeKey(t, opened.host, 'ec-p256');
      const rsa = await madeKey(t, opened.host, 'rsa-2048');
      assert.notEqual(await statusOf(keys.sign(elliptic.key, 'RS256', DATA)), 0);
      assert.notEqual(await statusOf(keys.sign(elliptic.key, 'ES384', DATA)), 0);
      assert.notEqual(await statusOf(keys.sign(elliptic.key, 'PS256', DATA)), 0);
      assert.notEqual(await statusOf(keys.sign(elliptic.key, 'EdDSA', DATA)), 0);
      assert.notEqual(await statusOf(keys.sign(rsa.key, 'ES256', DATA)), 0);
    });

    it('destroys a key, and has no error for one that is not there', async (t) => {
      const { keys } = opened.host;
      const { key } = await madeKey(t, opened.host, 'ec-p256');
      await keys.remove(key);
      assert.equal(await keys.publicKey(key), null);
      assert.equal(await statusOf(keys.sign(key, 'ES256', DATA)), BAD_KEYSET);
      await keys.remove(key);
      await keys.create(key, 'rsa-2048');
      assert.notEqual(await keys.publicKey(key), null);
    });

    it('refuses an algorithm that the provider does not have with 0x80090029 or 0x80090027 and leaves no key', async (t) => {
      const { host, limitedProvider } = opened;
      if (limitedProvider === null) {
        t.diagnostic('this host has no provider that refuses an algorithm');
        return;
      }
      const key = { provider: limitedProvider.provider, name: `everbind-contract-${process.pid}-limited` };
      t.after(() => host.keys.remove(key));
      for (const algorithm of limitedProvider.refuses) {
        const status = await statusOf(host.keys.create(key, algorithm));
        assert.ok(status === NOT_SUPPORTED || status === INVALID_PARAMETER, `${algorithm}: ${status}`);
        assert.equal(await host.keys.publicKey(key), null);
      }
      await host.keys.create(key, 'rsa-2048');
      assert.notEqual(await host.keys.publicKey(key), null);
    });

    it('says 0x80090030 or 0x80090016 when the device of a provider is not there', async (t) => {
      const { host, deviceless } = opened;
      if (deviceless === null) {
        t.diagnostic('every provider of this host has its device');
        return;
      }
      assert.ok((await host.keys.providers()).includes(deviceless));
      const key = { provider: deviceless, name: `everbind-contract-${process.pid}-deviceless` };
      const status = await statusOf(host.keys.create(key, 'rsa-2048'));
      assert.ok(status === DEVICE_NOT_READY || status === BAD_KEYSET, String(status));
    });

    it('fails with a provider that is not registered', async () => {
      const { keys } = opened.host;
      const key = { provider: 'Everbind Contract Absent Provider', name: 'everbind-contract-absent' };
      assert.notEqual(await statusOf(keys.create(key, 'ec-p256')), 0);
      assert.notEqual(await statusOf(keys.publicKey(key)), 0);
      assert.notEqual(await statusOf(keys.sign(key, 'ES256', DATA)), 0);
      assert.notEqual(await statusOf(keys.remove(key)), 0);
    });

    it('stores a certificate with a reference to its key, replacing an equal one', async (t) => {
      const { host } = opened;
      const { key, publicKey } = await madeKey(t, host, 'ec-p256');
      const { der, thumbprint } = await certified(await ca(), publicKey, 'reference.contract.test');
      t.after(() => host.certificates.remove('WebHosting', thumbprint));
      await host.certificates.add('WebHosting', der);
      assert.equal((await host.certificates.find('WebHosting', thumbprint))?.hasPrivateKey, false);
      await host.certificates.addWithKey('WebHosting', der, key, 'with key');
      await host.certificates.addWithKey('WebHosting', der, key, 'again');
      const entries = (await host.certificates.list('WebHosting')).filter((entry) => entry.thumbprint === thumbprint);
      const expected = { store: 'WebHosting', thumbprint, der: new Uint8Array(der), friendlyName: 'again' };
      assert.deepEqual(entries, [{ ...expected, hasPrivateKey: true }]);
      assert.equal(await host.certificates.find('MY', thumbprint), null);
    });

    it('refuses a key that is not there with 0x80090016, another key with 0x8009000d, and stores nothing', async (t) => {
      const { host } = opened;
      const own = await madeKey(t, host, 'ec-p256');
      const other = await madeKey(t, host, 'ec-p256');
      const rsa = await madeKey(t, host, 'rsa-2048');
      const { der, thumbprint } = await certified(await ca(), own.publicKey, 'mismatch.contract.test');
      const absent = { ...own.key, name: `${own.key.name}-absent` };
      assert.equal(await statusOf(host.certificates.addWithKey('MY', der, absent, 'n')), BAD_KEYSET);
      assert.equal(await statusOf(host.certificates.addWithKey('MY', der, other.key, 'n')), NO_KEY);
      assert.equal(await statusOf(host.certificates.addWithKey('MY', der, rsa.key, 'n')), NO_KEY);
      assert.notEqual(await statusOf(host.certificates.addWithKey('MY', Buffer.from('nothing'), own.key, 'n')), 0);
      assert.equal(await host.certificates.find('MY', thumbprint), null);
      await host.certificates.addWithKey('MY', der, own.key, 'right');
      t.after(() => host.certificates.remove('MY', thumbprint));
      assert.equal(await statusOf(host.certificates.addWithKey('MY', der, other.key, 'wrong')), NO_KEY);
      assert.equal((await host.certificates.find('MY', thumbprint))?.friendlyName, 'right');
    });

    it('leaves the key when its certificate goes', async (t) => {
      const { host } = opened;
      const { key, publicKey } = await madeKey(t, host, 'ec-p256');
      const { der, thumbprint } = await certified(await ca(), publicKey, 'stays.contract.test');
      await host.certificates.addWithKey('MY', der, key, 'goes');
      await host.certificates.remove('MY', thumbprint);
      assert.equal(await host.certificates.find('MY', thumbprint), null);
      assert.deepEqual(await host.keys.publicKey(key), publicKey);
      assert.ok(verifies(publicKey, 'ES256', await host.keys.sign(key, 'ES256', DATA)));
    });

    it('leaves the keys of others when an imported certificate goes', async (t) => {
      const { host } = opened;
      const { key, publicKey } = await madeKey(t, host, 'rsa-2048');
      const { thumbprint } = await installed(t, host, await ca(), 'MY', 'imported.contract.test');
      await host.certificates.remove('MY', thumbprint);
      assert.deepEqual(await host.keys.publicKey(key), publicKey);
    });
  });
}
