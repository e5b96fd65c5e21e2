import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SslRecord, SslRecordKey } from '../../src/ports/windows-host.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { recordStructure } from '../../src/windows/http/ssl-record-structures.ts';
import { createSslRecords } from '../../src/windows/http/ssl-records.ts';
import { recordFor } from '../ports/windows-host-support.ts';
import { fakeMemory } from './fake-memory.ts';

const record = (host: string, hash = 'aa'): SslRecord =>
  recordFor({ kind: 'hostnameport', host, port: 443 }, hash.repeat(20), 'WebHosting');
const BY_HOST = 5;
const QUERY_NEXT = 1;

/** An http.sys of records by host that change while they are read: `before` runs before each answer to a position. */
function changing(records: SslRecord[], before: (position: number) => void) {
  const memory = fakeMemory();
  let queries = 0;
  const query = (_service: null, id: number, input: Buffer, octets: number, output: Buffer): number => {
    // A Windows that has no other kind of record.
    if (id !== BY_HOST) return 87;
    assert.equal(input.readUInt32LE(0), QUERY_NEXT);
    const position = input.readUInt32LE(octets - 8);
    queries += 1;
    before(position);
    const found = records[position];
    if (found === undefined) return 259;
    const structure = recordStructure(memory.ffi, found);
    assert.ok(structure !== null);
    const answer = memory.flattened(structure.octets);
    // Pointers lead into the answer itself.
    const [from, to] = [memory.ffi.addressOf(answer), memory.ffi.addressOf(output)];
    for (let offset = 0; offset + 8 <= structure.octets.length; offset += 8) {
      const pointer = answer.readBigUInt64LE(offset);
      if (pointer >= from && pointer < from + BigInt(answer.length)) {
        answer.writeBigUInt64LE(pointer - from + to, offset);
      }
    }
    answer.copy(output, 0, 0, output.length);
    return 0;
  };
  const httpapi = { HttpInitialize: () => 0, HttpTerminate: () => 0, HttpQueryServiceConfiguration: query };
  const host = createSslRecords({ ffi: memory.ffi, httpapi } as unknown as Native);
  return {
    query: (key: SslRecordKey) => host.query(key),
    hosts: async () => (await host.enumerate()).map(({ key }) => ('host' in key ? key.host : '')).sort(),
    queries: () => queries,
  };
}

it('a record that is removed while records are enumerated hides no other, and one that is added is not read twice', async () => {
  const records = ['a', 'b', 'c', 'd'].map((label) => record(`${label}.example`));
  let changes = 0;
  const { hosts } = changing(records, (position) => {
    // Positions move: c would be passed over, then b would come again.
    if (position === 2 && changes === 0) records.splice(0, 1);
    if (position === 2 && changes === 1) records.unshift(record('e.example'));
    if (position === 2) changes += 1;
  });
  assert.deepEqual(await hosts(), ['b.example', 'c.example', 'd.example', 'e.example']);
  assert.ok(changes >= 2);
});

it('records that never stand still are read to an end all the same, each once', async () => {
  const records = [record('a.example'), record('b.example')];
  let last = 0;
  const { hosts, queries } = changing(records, (position) => {
    if (position === 1) records.unshift(record(`n${(last += 1)}.example`));
    records.splice(4);
  });
  const found = await hosts();
  assert.equal(new Set(found).size, found.length);
  assert.ok(queries() < 100, `${queries()} queries`);
});

it('records that stand still are read twice, and no more', async () => {
  const { hosts, queries } = changing([record('a.example')], () => {});
  assert.deepEqual(await hosts(), ['a.example']);
  assert.equal(queries(), 4);
});

it('there are no records of the central store by host where Windows does not know them, and a bad answer is an error', async () => {
  const { query } = changing([], () => {});
  assert.equal(await query({ kind: 'scopedccs', host: 'a.example', port: 443 }), null);
  await assert.rejects(query({ kind: 'ipport', address: '0.0.0.0', port: 443 }), { status: 87 });
});
