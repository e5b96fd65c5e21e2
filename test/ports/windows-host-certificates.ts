import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContractContext, ContractHost } from './windows-host-support.ts';
import { installed, issue, statusOf } from './windows-host-support.ts';

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
      const { thumbprint, pfx } = await installed(t, opened.host, await ca(), 'MY', 'twice.contract.test');
      await certificates.importPfx('MY', pfx.octets, pfx.password, 'second time');
      const entries = (await certificates.list('MY')).filter((entry) => entry.thumbprint === thumbprint);
      assert.deepEqual(
        entries.map(({ friendlyName, hasPrivateKey }) => ({ friendlyName, hasPrivateKey })),
        [{ friendlyName: 'second time', hasPrivateKey: true }],
      );
    });

    it('ignores the chain in a PFX', async (t) => {
      const authority = await ca();
      await installed(t, opened.host, authority, 'MY', 'chain.contract.test');
      for (const store of ['MY', 'WebHosting', 'CA', 'Root'] as const) {
        const list = await opened.host.certificates.list(store);
        assert.ok(!list.some(({ der }) => Buffer.from(der).equals(authority.der)), store);
      }
    });

    it('refuses a wrong password with 86 and stores nothing', async () => {
      const { certificates } = opened.host;
      const { pfx, thumbprint } = await issue(await ca(), 'password.contract.test');
      assert.equal(await statusOf(certificates.importPfx('MY', pfx.octets, `${pfx.password}x`, 'n')), 86);
      assert.equal(await statusOf(certificates.importPfx('MY', pfx.octets, '', 'n')), 86);
      assert.equal(await certificates.find('MY', thumbprint), null);
    });

    it('refuses what is no PFX and what is no certificate', async () => {
      const { certificates } = opened.host;
      const { pfx } = await issue(await ca(), 'cut.contract.test');
      assert.notEqual(await statusOf(certificates.importPfx('MY', Buffer.from('no pfx'), 'x', 'n')), 0);
      assert.notEqual(await statusOf(certificates.importPfx('MY', pfx.octets.subarray(0, 200), pfx.password, 'n')), 0);
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
