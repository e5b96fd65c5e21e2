import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { recordKeyId } from '../../src/iis/records/ssl-record.ts';
import type { SslRecordKey } from '../../src/ports/windows-host.ts';
import {
  comparable,
  type ContractContext,
  type ContractHost,
  installed,
  issue,
  recordFor,
  statusOf,
} from './windows-host-support.ts';

export function recordsContract(name: string, { open, ca }: ContractContext): void {
  describe(`${name}: http.sys records`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    const keys = (port: number): readonly SslRecordKey[] => [
      { kind: 'ipport', address: '0.0.0.0', port },
      { kind: 'ipport', address: '192.0.2.44', port },
      { kind: 'ipport', address: '2001:db8::44', port },
      { kind: 'ipport', address: '::', port },
      { kind: 'hostnameport', host: 'host.contract.test', port },
      { kind: 'hostnameport', host: '*.contract.test', port },
    ];

    it('keeps every field of every kind of record', async (t) => {
      const { sslRecords } = opened.host;
      const { thumbprint } = await installed(t, opened.host, await ca(), 'WebHosting', 'host.contract.test');
      const records = [
        ...keys(opened.ports[0]).map((key) => recordFor(key, thumbprint, 'WebHosting')),
        recordFor({ kind: 'ccs', port: opened.ports[0] }, null, null),
      ];
      // Windows Server 2016 has none of these.
      const scoped = recordFor({ kind: 'scopedccs', host: 'scoped.contract.test', port: opened.ports[0] }, null, null);
      const status = await statusOf(sslRecords.set(scoped));
      assert.ok(status === 0 || (status === 87 && (await sslRecords.query(scoped.key)) === null), String(status));
      if (status === 0) {
        t.after(() => sslRecords.remove(scoped.key));
        assert.deepEqual(await sslRecords.query(scoped.key), scoped);
      }
      for (const record of records) {
        await sslRecords.set(record);
        t.after(() => sslRecords.remove(record.key));
      }
      for (const record of records)
        assert.deepEqual(comparable(await sslRecords.query(record.key)), comparable(record));
      const listed = await sslRecords.enumerate();
      for (const record of records) {
        assert.equal(listed.filter(({ key }) => JSON.stringify(key) === JSON.stringify(record.key)).length, 1);
      }
    });

    it('refuses options in the record of the central store for a port: 87', async (t) => {
      const { sslRecords } = opened.host;
      const plain = recordFor({ kind: 'ccs', port: opened.ports[0] }, null, null);
      assert.equal(await statusOf(sslRecords.set({ ...plain, certCheckMode: 1 })), 87);
      assert.equal(await statusOf(sslRecords.set({ ...plain, flags: 2 })), 87);
      assert.equal(await sslRecords.query(plain.key), null);
      await sslRecords.set(plain);
      t.after(() => sslRecords.remove(plain.key));
      assert.equal(await statusOf(sslRecords.update({ ...plain, flags: 2 })), 87);
      assert.deepEqual(await sslRecords.query(plain.key), plain);
    });

    // Whether CASE.Contract.Test is the same record is not documented.
    it('has a record under the name that was given to it, and lists it once, equal without regard to case', async (t) => {
      const { sslRecords } = opened.host;
      const { thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'case.contract.test');
      const [port] = opened.ports;
      const key: SslRecordKey = { kind: 'hostnameport', host: 'Case.contract.test', port };
      await sslRecords.set(recordFor(key, thumbprint));
      assert.equal((await sslRecords.query(key))?.certificateHash, thumbprint);
      assert.equal(await statusOf(sslRecords.set(recordFor(key, thumbprint))), 183);
      const listed = (await sslRecords.enumerate()).filter((record) => recordKeyId(record.key) === recordKeyId(key));
      assert.equal(listed.length, 1);
      // As it is listed, it can be changed and removed.
      const found = listed[0]?.key ?? key;
      await sslRecords.update({ ...recordFor(found, thumbprint), flags: 2 });
      assert.equal((await sslRecords.query(key))?.flags, 2);
      await sslRecords.remove(found);
      assert.equal(await sslRecords.query(key), null);
    });

    it('has both forms of an IDN under the names that were given to them', async (t) => {
      const { sslRecords } = opened.host;
      const { thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'xn--bcher-kva.contract.test');
      const [port] = opened.ports;
      for (const host of ['bücher.contract.test', 'xn--bcher-kva.contract.test']) {
        const key: SslRecordKey = { kind: 'hostnameport', host, port };
        await sslRecords.set(recordFor(key, thumbprint));
        assert.equal((await sslRecords.query(key))?.certificateHash, thumbprint, host);
        const listed = (await sslRecords.enumerate()).filter((record) => recordKeyId(record.key) === recordKeyId(key));
        assert.equal(listed.length, 1, host);
        await sslRecords.remove(listed[0]?.key ?? key);
        assert.equal(await sslRecords.query(key), null, host);
      }
    });

    it('says of a kind of record that it does not have that there are none', async () => {
      const { sslRecords } = opened.host;
      const absent: readonly SslRecordKey[] = [
        { kind: 'ipport', address: '192.0.2.99', port: opened.ports[0] },
        { kind: 'hostnameport', host: 'absent.contract.test', port: opened.ports[0] },
        { kind: 'ccs', port: opened.ports[0] },
        { kind: 'scopedccs', host: 'absent.contract.test', port: opened.ports[0] },
      ];
      for (const key of absent) assert.equal(await sslRecords.query(key), null, key.kind);
    });

    it('refuses to create a record twice with 183 and keeps the first', async (t) => {
      const { sslRecords } = opened.host;
      const first = await installed(t, opened.host, await ca(), 'MY', 'first.contract.test');
      const second = await installed(t, opened.host, await ca(), 'MY', 'second.contract.test');
      for (const key of keys(opened.ports[0])) {
        await sslRecords.set(recordFor(key, first.thumbprint));
        t.after(() => sslRecords.remove(key));
        assert.equal(await statusOf(sslRecords.set(recordFor(key, second.thumbprint))), 183);
        assert.deepEqual(comparable(await sslRecords.query(key)), comparable(recordFor(key, first.thumbprint)));
      }
    });

    it('refuses a certificate that the store does not have with its key: 1312', async (t) => {
      const { sslRecords, certificates } = opened.host;
      const key: SslRecordKey = { kind: 'hostnameport', host: 'nokey.contract.test', port: opened.ports[0] };
      const there = await installed(t, opened.host, await ca(), 'WebHosting', 'nokey.contract.test');
      const keyless = await issue(await ca(), 'keyless.contract.test');
      await certificates.add('MY', keyless.der);
      t.after(() => certificates.remove('MY', keyless.thumbprint));
      assert.equal(await statusOf(sslRecords.set(recordFor(key, 'ab'.repeat(20)))), 1312);
      assert.equal(await statusOf(sslRecords.set(recordFor(key, keyless.thumbprint))), 1312);
      assert.equal(await statusOf(sslRecords.set(recordFor(key, there.thumbprint, 'MY'))), 1312);
      assert.equal(await statusOf(sslRecords.set(recordFor(key, there.thumbprint, null))), 1312);
      assert.equal(await sslRecords.query(key), null);
      await sslRecords.set(recordFor(key, there.thumbprint, 'WebHosting'));
      assert.equal(await statusOf(sslRecords.update(recordFor(key, keyless.thumbprint))), 1312);
      assert.equal((await sslRecords.query(key))?.certificateHash, there.thumbprint);
      await sslRecords.remove(key);
    });

    it('takes no store as MY', async (t) => {
      const { sslRecords } = opened.host;
      const { thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'null.contract.test');
      const key: SslRecordKey = { kind: 'hostnameport', host: 'null.contract.test', port: opened.ports[0] };
      await sslRecords.set(recordFor(key, thumbprint, null));
      assert.equal((await sslRecords.query(key))?.certificateHash, thumbprint);
      await sslRecords.remove(key);
    });

    it('refuses keys and values that http.sys cannot keep: 87', async (t) => {
      const { sslRecords } = opened.host;
      const { thumbprint } = await installed(t, opened.host, await ca(), 'MY', 'bad.contract.test');
      const [port] = opened.ports;
      const bad: readonly SslRecordKey[] = [
        { kind: 'ipport', address: '*', port },
        { kind: 'ipport', address: 'host.contract.test', port },
        { kind: 'ipport', address: '0.0.0.0', port: 0 },
        { kind: 'ipport', address: '0.0.0.0', port: 65_536 },
        { kind: 'hostnameport', host: '', port },
      ];
      for (const key of bad) assert.equal(await statusOf(sslRecords.set(recordFor(key, thumbprint))), 87);
      const good: SslRecordKey = { kind: 'ipport', address: '0.0.0.0', port };
      assert.equal(await statusOf(sslRecords.set({ ...recordFor(good, thumbprint), appId: 'no guid' })), 87);
      assert.equal(await sslRecords.query(good), null);
    });

    it('replaces with update, and fails with 2 where nothing is to be replaced or removed', async (t) => {
      const { sslRecords } = opened.host;
      const old = await installed(t, opened.host, await ca(), 'MY', 'old.contract.test');
      const fresh = await installed(t, opened.host, await ca(), 'WebHosting', 'new.contract.test');
      for (const key of keys(opened.ports[0])) {
        assert.equal(await statusOf(sslRecords.update(recordFor(key, old.thumbprint))), 2);
        assert.equal(await statusOf(sslRecords.remove(key)), 2);
        await sslRecords.set(recordFor(key, old.thumbprint));
        const after: ReturnType<typeof recordFor> = {
          ...recordFor(key, old.thumbprint),
          certificateHash: fresh.thumbprint,
          certificateStore: 'WebHosting',
        };
        await sslRecords.update(after);
        assert.deepEqual(comparable(await sslRecords.query(key)), after);
        await sslRecords.remove(key);
        assert.equal(await sslRecords.query(key), null);
      }
    });
  });
}
