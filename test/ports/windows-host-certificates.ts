import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openPfx } from '../../lab/sim-windows/pfx.ts';
import { OPENSSL_PFX } from './openssl-pfx.ts';
import {
  certified,
  type ContractContext,
  type ContractHost,
  installed,
  issue,
  issueFor,
  statusOf,
} from './windows-host-support.ts';

const BAD_ENCODE = 0x80092002;
const BAD_DATA = 0x80090005;
const NO_KEY = 0x8009000d;
const NOT_SUPPORTED = 0x80090029;

export function certificatesContract(name: string, { open, ca }: ContractContext): void {
  describe(`${name}: certificate stores`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    it('keeps an imported certificate with its key, in that store only', async (t) => {
      const { certificates } = opened.host;
      const { der, thumbprint } = await installed(t, opened.host, await ca(), 'WebHosting', 'kept.contract.test');
      const found = await certificates.find('WebHosting', thumbprint);
      assert.deepEqual(found, {
        store: 'WebHosting',
        thumbprint,
        der: new Uint8Array(der),
        friendlyName: 'contract',
        hasPrivateKey: true,
      });
      assert.deepEqual(await certificates.find('WebHosting', thumbprint.toUpperCase()), found);
      assert.ok((await certificates.list('WebHosting')).some((entry) => entry.thumbprint === thumbprint));
      assert.equal(await certificates.find('MY', thumbprint), null);
    });

    it('replaces an equal certificate on import', async (t) => {
      const { certificates } = opened.host;
      const { der, privateKey, thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'twice.contract.test');
      await certificates.importWithKey('MY', der, privateKey, 'second time');
      const entries = (await certificates.list('MY')).filter((entry) => entry.thumbprint === thumbprint);
      assert.deepEqual(
        entries.map(({ friendlyName, hasPrivateKey }) => ({ friendlyName, hasPrivateKey })),
        [{ friendlyName: 'second time', hasPrivateKey: true }],
      );
    });

    it('adds nothing but the certificate that is imported', async (t) => {
      const authority = await ca();
      await installed(t, opened.host, authority, 'MY', 'chain.contract.test');
      for (const store of ['MY', 'WebHosting', 'CA', 'Root'] as const) {
        const list = await opened.host.certificates.list(store);
        assert.ok(!list.some(({ der }) => Buffer.from(der).equals(authority.der)), store);
      }
    });

    for (const algorithm of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const) {
      it(`imports a certificate with its ${algorithm} key, and takes it twice`, async (t) => {
        const { certificates } = opened.host;
        const { der, privateKey, thumbprint } = await issueFor(await ca(), algorithm, `${algorithm}.contract.test`);
        t.after(() => certificates.remove('WebHosting', thumbprint));
        await certificates.importWithKey('WebHosting', der, privateKey, 'one');
        await certificates.importWithKey('WebHosting', der, privateKey, 'two');
        const found = await certificates.find('WebHosting', thumbprint);
        assert.equal(found?.hasPrivateKey, true);
        assert.equal(found.friendlyName, 'two');
        await certificates.remove('WebHosting', thumbprint);
        assert.equal(await certificates.find('WebHosting', thumbprint), null);
        await certificates.importWithKey('WebHosting', der, privateKey, 'again');
        assert.equal((await certificates.find('WebHosting', thumbprint))?.hasPrivateKey, true);
      });
    }

    it('imports a certificate whose RSA key came in a PKCS #12 file of OpenSSL', async (t) => {
      const { certificates } = opened.host;
      const { leaf, key } = await openPfx(OPENSSL_PFX.octets, OPENSSL_PFX.password);
      const thumbprint = leaf.fingerprint.replaceAll(':', '').toLowerCase();
      t.after(() => certificates.remove('MY', thumbprint));
      await certificates.importWithKey('MY', leaf.raw, key.export({ type: 'pkcs8', format: 'der' }), 'pfx');
      const found = await certificates.find('MY', thumbprint);
      assert.equal(found?.hasPrivateKey, true);
      assert.equal(found.friendlyName, 'pfx');
    });

    it('refuses the key of another certificate with 0x8009000d and stores nothing', async () => {
      const { certificates } = opened.host;
      const { der, thumbprint } = await issue(await ca(), 'other-key.contract.test');
      for (const algorithm of ['ec-p256', 'rsa-2048'] as const) {
        const { privateKey } = await issueFor(await ca(), algorithm, 'other-key.contract.test');
        assert.equal(await statusOf(certificates.importWithKey('MY', der, privateKey, 'n')), NO_KEY);
      }
      assert.equal(await certificates.find('MY', thumbprint), null);
    });

    it('refuses keys of kinds that certificates here do not have with 0x80090029 and stores nothing', async () => {
      const { certificates } = opened.host;
      const pairs: readonly { readonly publicKey: KeyObject; readonly privateKey: KeyObject }[] = [
        generateKeyPairSync('ed25519'),
        generateKeyPairSync('rsa', { modulusLength: 1024 }),
        generateKeyPairSync('ec', { namedCurve: 'P-521' }),
      ];
      for (const { publicKey, privateKey } of pairs) {
        const spki = publicKey.export({ type: 'spki', format: 'der' });
        const { der, thumbprint } = await certified(await ca(), spki, 'odd-key.contract.test');
        const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
        assert.equal(await statusOf(certificates.importWithKey('MY', der, pkcs8, 'n')), NOT_SUPPORTED);
        assert.equal(await certificates.find('MY', thumbprint), null);
      }
    });

    it('refuses what is no key and what is no certificate', async () => {
      const { certificates } = opened.host;
      const { der, privateKey, thumbprint } = await issue(await ca(), 'cut.contract.test');
      const importing = (certificate: Uint8Array, key: Uint8Array): Promise<number> =>
        statusOf(certificates.importWithKey('MY', certificate, key, 'n'));
      assert.equal(await importing(der, Buffer.from('no key')), BAD_DATA);
      assert.equal(await importing(der, privateKey.subarray(0, 40)), BAD_DATA);
      assert.equal(await importing(Buffer.from('no certificate'), privateKey), BAD_ENCODE);
      assert.equal(await importing(der.subarray(0, 200), privateKey), BAD_ENCODE);
      assert.equal(await certificates.find('MY', thumbprint), null);
      assert.notEqual(await statusOf(certificates.add('CA', Buffer.from('no certificate'))), 0);
    });

    it('adds a certificate without key, again without error, and removes it', async () => {
      const { certificates } = opened.host;
      const { der, thumbprint } = await issue(await ca(), 'added.contract.test');
      await certificates.add('CA', der);
      await certificates.add('CA', der);
      const entries = (await certificates.list('CA')).filter((entry) => entry.thumbprint === thumbprint);
      assert.deepEqual(
        entries.map(({ hasPrivateKey }) => hasPrivateKey),
        [false],
      );
      await certificates.remove('CA', thumbprint);
      await certificates.remove('CA', thumbprint);
      assert.equal(await certificates.find('CA', thumbprint), null);
    });

    it('keeps the key when the certificate of a key is added once more', async (t) => {
      const { certificates } = opened.host;
      const { der, thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'again.contract.test');
      await certificates.add('MY', der);
      assert.equal((await certificates.find('MY', thumbprint))?.hasPrivateKey, true);
    });
  });
}
