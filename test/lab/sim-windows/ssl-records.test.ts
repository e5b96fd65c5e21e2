import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRecords } from '../../../lab/sim-windows/ssl-records.ts';
import { applyChanges, restoreRecords } from '../../../src/iis/records/apply.ts';
import type { SslRecord, SslRecordKey } from '../../../src/ports/windows-host.ts';
import { recordFor, statusOf } from '../../ports/windows-host-support.ts';

const OLD = 'aa'.repeat(20);
const NEW = 'bb'.repeat(20);
const HOST: SslRecordKey = { kind: 'hostnameport', host: 'shop.example', port: 443 };

function recordsWithAllCertificates(): ReturnType<typeof createRecords> {
  return createRecords(
    () => true,
    async () => {},
  );
}

it('a record of the central store for a port takes default options only, one for a host takes all', async () => {
  const records = recordsWithAllCertificates();
  const plain: SslRecord = recordFor({ kind: 'ccs', port: 443 }, null, null);
  for (const option of [
    { certCheckMode: 1 },
    { revocationFreshnessTime: 1 },
    { revocationUrlRetrievalTimeout: 1 },
    { flags: 2 },
    { ctlIdentifier: 'list' },
    { ctlStoreName: 'MY' },
  ]) {
    assert.equal(await statusOf(records.set({ ...plain, ...option })), 87, JSON.stringify(option));
  }
  // The record of which the contract asks that it is kept.
  await records.set(plain);
  assert.equal(await statusOf(records.update({ ...plain, flags: 2 })), 87);
  assert.deepEqual(await records.query(plain.key), plain);
  await records.set(recordFor({ kind: 'scopedccs', host: 'shop.example', port: 443 }, null, null));
});

it('a record in MY reads back without a store, and is changed and restored all the same', async () => {
  const records = recordsWithAllCertificates();
  await records.set(recordFor(HOST, OLD, 'my'));
  const before = await records.query(HOST);
  assert.equal(before?.certificateStore, null);
  const change = { key: HOST, before: recordFor(HOST, OLD, 'MY'), after: recordFor(HOST, NEW, 'MY') };
  await applyChanges({ sslRecords: records }, [change]);
  await applyChanges({ sslRecords: records }, [change]);
  assert.equal((await records.query(HOST))?.certificateHash, NEW);
  await restoreRecords({ sslRecords: records }, [change]);
  assert.deepEqual(await records.query(HOST), before);
});
