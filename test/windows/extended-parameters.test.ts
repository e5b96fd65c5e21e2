import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SslRecordKey } from '../../src/ports/windows-host.ts';
import type { Pointer } from '../../src/windows/ffi/load.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { extendedParameterTypes } from '../../src/windows/http/extended-parameters.ts';
import { fakeMemory } from './fake-memory.ts';

type Query = Native['httpapi']['HttpQueryServiceConfiguration'];

const HOST: SslRecordKey = { kind: 'hostnameport', host: 'shop.example', port: 443 };

/** What is made of an http.sys that answers each query so: a status, or the octets that it filled. */
function typesWhen(key: SslRecordKey, answer: (id: number, type: number) => number | Buffer): readonly number[] {
  const { ffi } = fakeMemory();
  const query = ((_service: null, id: number, input: Pointer, octets: number, output: Pointer) => {
    const type = Buffer.from(input as Uint8Array).readUInt32LE(octets - 4);
    const answered = answer(id, type);
    if (typeof answered === 'number') return answered;
    (output as Uint8Array).set(answered);
    return 0;
  }) as unknown as Query;
  return extendedParameterTypes({ ffi, httpapi: { HttpQueryServiceConfiguration: query } } as unknown as Native, key);
}

// HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX: a key of 136 octets, the type, and the flags from 144 on.
function named(flags: number): Buffer {
  const octets = Buffer.alloc(168);
  octets.writeUInt32LE(3, 136);
  octets.writeUInt32LE(flags, 144);
  return octets;
}

it('a record without extended parameters has none, whether http.sys says so by status or with zeros', () => {
  for (const status of [2, 87, 1168, 259, 50, 120, 1])
    assert.deepEqual(
      typesWhen(HOST, () => status),
      [],
    );
  assert.deepEqual(
    typesWhen(HOST, () => named(0)),
    [],
  );
});

it('those that it has are found by the id of the kind of record', () => {
  const ids: number[] = [];
  const of = (key: SslRecordKey): readonly number[] =>
    typesWhen(key, (id, type) => {
      if (type === 0) ids.push(id);
      return type === 3 ? named(1) : 2;
    });
  assert.deepEqual(of(HOST), [3]);
  assert.deepEqual(of({ kind: 'ipport', address: '::', port: 443 }), [3]);
  assert.deepEqual(of({ kind: 'ccs', port: 443 }), [3]);
  assert.deepEqual(of({ kind: 'scopedccs', host: 'shop.example', port: 443 }), [3]);
  assert.deepEqual(ids, [9, 8, 10, 12]);
  assert.deepEqual(
    typesWhen(HOST, (_, type) => (type === 5 ? 234 : 2)),
    [5],
    'more than there is room for',
  );
});

it('a status that says nothing is an error, and not taken for none', () => {
  assert.throws(() => typesWhen(HOST, () => 5), { code: 'WIN_CALL_FAILED', status: 5 });
});
