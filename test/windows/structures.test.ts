import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SslRecord } from '../../src/ports/windows-host.ts';
import { endpointsOf, ownAddresses } from '../../src/windows/http/endpoints.ts';
import { guidOctets, guidText } from '../../src/windows/ffi/guid.ts';
import { readRequest, writeResponse } from '../../src/windows/http/http-message.ts';
import { layouts } from '../../src/windows/ffi/layouts.ts';
import { readSocketAddress, socketAddress, socketAddressStorage } from '../../src/windows/http/socket-address.ts';
import { exactQuery, readRecord, recordStructure } from '../../src/windows/http/ssl-record-structures.ts';
import { FilledBuffer, Structure } from '../../src/windows/ffi/structure.ts';
import { fakeMemory } from './fake-memory.ts';

describe('structures', () => {
  it('puts fields where the layout says, and keeps what pointers lead to readable', () => {
    const memory = fakeMemory();
    const blob = new Structure(memory.ffi, layouts.CRYPT_DATA_BLOB)
      .setUint32('cbData', 3)
      .point('pbData', Buffer.from('abc'));
    assert.equal(blob.octets.length, 16);
    assert.equal(blob.octets.readUInt32LE(0), 3);
    assert.equal(memory.read(blob.uint64('pbData'), 3).toString(), 'abc');
    assert.equal(blob.point('pbData', null).uint64('pbData'), 0n);
  });

  it('refuses pointers that lead out of the buffer', () => {
    const memory = fakeMemory();
    const octets = Buffer.alloc(32);
    const base = memory.ffi.addressOf(octets);
    const filled = new FilledBuffer(memory.ffi, octets);
    assert.equal(filled.at(0n, 4), null);
    assert.equal(filled.at(base + 28n, 4)?.length, 4);
    assert.throws(() => filled.at(base + 29n, 4), RangeError);
    assert.throws(() => filled.at(base - 1n, 1), RangeError);
    assert.throws(() => filled.textAt(base + 32n), RangeError);
    octets.fill(0x41);
    assert.equal(filled.textAt(base + 28n), '\u4141\u4141');
  });
});

describe('socket addresses', () => {
  it('reads what it wrote', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 99 })).map((pair) => pair.join('%')),
    );
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65_535 }), (text, port) => {
        const octets = socketAddress(text, port);
        // fast-check writes some addresses (IPv4 at the end of IPv6, leading zeros) that are not taken here.
        if (octets === null) return;
        const read = readSocketAddress(octets);
        assert.ok(read !== null);
        assert.deepEqual(socketAddress(read.address, read.port), octets);
        assert.equal(read.port, port);
      }),
    );
  });

  it('has families, ports and scopes as Windows has them', () => {
    assert.equal(socketAddress('192.0.2.1', 443)?.toString('hex'), '020001bbc00002010000000000000000');
    assert.equal(
      socketAddress('fe80::1%3', 443)?.toString('hex'),
      '170001bb00000000fe80000000000000000000000000000103000000',
    );
    assert.equal(socketAddressStorage('0.0.0.0', 80)?.length, 128);
  });

  it('takes no ports out of range and nothing that is no address', () => {
    for (const [address, port] of [
      ['*', 443],
      ['::', 0],
      ['::', 65_536],
      ['1.2.3', 1],
      ['1.2.3.4%1', 1],
      ['::1%x', 1],
      ['', 1],
    ] as const) {
      assert.equal(socketAddress(address, port), null, `${address} ${port}`);
    }
    assert.equal(readSocketAddress(Buffer.alloc(28)), null);
  });
});

describe('GUIDs', () => {
  it('lie in memory as Windows has them', () => {
    const iis = '{4dc3e181-e14b-4a21-b022-59fc669b0914}';
    assert.equal(guidOctets(iis)?.toString('hex'), '81e1c34d4be1214ab02259fc669b0914');
    assert.equal(guidText(Buffer.from('81e1c34d4be1214ab02259fc669b0914', 'hex')), iis);
    assert.equal(guidOctets('4dc3e181-e14b-4a21-b022-59fc669b0914'), null);
  });
});

describe('TLS record structures', () => {
  const record: SslRecord = {
    key: { kind: 'hostnameport', host: '*.žluť.test', port: 8443 },
    certificateHash: 'ab'.repeat(20),
    certificateStore: 'WebHosting',
    appId: '{0b5f2a5c-53a4-4d1c-9d2e-000000000001}',
    certCheckMode: 0x10000,
    revocationFreshnessTime: 0xffffffff,
    revocationUrlRetrievalTimeout: 8,
    ctlIdentifier: 'list',
    ctlStoreName: 'CA',
    flags: 0xffffffff,
  };
  const keys: readonly SslRecord['key'][] = [
    record.key,
    { kind: 'ipport', address: '2001:db8::5', port: 443 },
    { kind: 'ipport', address: '192.0.2.5', port: 443 },
    { kind: 'scopedccs', host: 'a.test', port: 443 },
    { kind: 'ccs', port: 443 },
  ];

  for (const key of keys) {
    it(`keeps every field of a ${key.kind} record`, () => {
      const memory = fakeMemory();
      const structure = recordStructure(memory.ffi, { ...record, key });
      assert.ok(structure !== null);
      assert.deepEqual(readRecord(memory.ffi, key.kind, memory.flattened(structure.octets)), { ...record, key });
    });
  }

  it('names the record that a query asks for', () => {
    const memory = fakeMemory();
    const query = exactQuery(memory.ffi, record.key);
    assert.equal(query?.length, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY.size);
    assert.equal(memory.text(query.readBigUInt64LE(8 + 128)), '*.žluť.test');
  });

  it('refuses what http.sys could not keep', () => {
    const { ffi } = fakeMemory();
    const bad: readonly Partial<SslRecord>[] = [
      { certificateHash: null },
      { certificateHash: 'ab' },
      { flags: -1 },
      { flags: 2 ** 32 },
      { certCheckMode: 0.5 },
      { appId: 'nothing' },
      { key: { kind: 'hostnameport', host: 'a*.test', port: 1 } },
      { key: { kind: 'hostnameport', host: 'a\0.test', port: 1 } },
      { key: { kind: 'hostnameport', host: 'x'.repeat(256), port: 1 } },
    ];
    for (const part of bad) assert.equal(recordStructure(ffi, { ...record, ...part }), null, JSON.stringify(part));
  });
});

describe('HTTP messages', () => {
  const received = (target: string, host: string, verb = 4): Buffer => {
    const raw = Buffer.from(target, 'latin1');
    const header = Buffer.from(host, 'latin1');
    const { size, fields } = layouts.HTTP_REQUEST;
    const octets = Buffer.alloc(size + raw.length + header.length);
    octets.writeBigUInt64LE(77n, fields.RequestId);
    octets.writeBigUInt64LE(5n, fields.UrlContext);
    octets.writeUInt32LE(verb, fields.Verb);
    octets.writeUInt16LE(raw.length, fields.RawUrlLength);
    octets.set(raw, size);
    octets.set(header, size + raw.length);
    const known = fields['Headers.KnownHeaders'] + 28 * layouts.HTTP_KNOWN_HEADER.size;
    octets.writeUInt16LE(header.length, known);
    const base = memory.ffi.addressOf(octets);
    octets.writeBigUInt64LE(base + BigInt(size), fields.pRawUrl);
    octets.writeBigUInt64LE(base + BigInt(size + raw.length), known + 8);
    return octets;
  };
  const memory = fakeMemory();

  it('are read without port and query', () => {
    const request = readRequest(memory.ffi, received('/.well-known/acme-challenge/t?x=1', 'a.test:80'));
    assert.deepEqual(request, {
      id: 77n,
      context: 5n,
      method: 'GET',
      host: 'a.test',
      path: '/.well-known/acme-challenge/t',
    });
    assert.equal(readRequest(memory.ffi, received('http://b.test:80/p', '[::1]:80')).path, '/p');
    assert.equal(readRequest(memory.ffi, received('/', '[::1]:80', 5)).host, '::1');
    assert.equal(readRequest(memory.ffi, received('/', '', 6)).method, 'other');
  });

  it('are refused when a pointer leads out of them', () => {
    const octets = received('/x', 'a.test');
    octets.writeUInt16LE(0xffff, layouts.HTTP_REQUEST.fields.RawUrlLength);
    assert.throws(() => readRequest(memory.ffi, octets), RangeError);
  });

  it('are written with their length, a body only where one is asked for', () => {
    const { fields } = layouts.HTTP_RESPONSE;
    const full = writeResponse(memory.ffi, 200, 'žluť', false);
    assert.equal(full.readUInt16LE(fields.StatusCode), 200);
    assert.equal(full.readUInt16LE(fields.EntityChunkCount), 1);
    const chunk = memory.read(full.readBigUInt64LE(fields.pEntityChunks), 32);
    assert.equal(memory.read(chunk.readBigUInt64LE(8), chunk.readUInt32LE(16)).toString(), 'žluť');
    const head = writeResponse(memory.ffi, 200, 'žluť', true);
    assert.equal(head.readUInt16LE(fields.EntityChunkCount), 0);
    const length = fields['Headers.KnownHeaders'] + 11 * layouts.HTTP_KNOWN_HEADER.size;
    assert.equal(memory.read(head.readBigUInt64LE(length + 8), head.readUInt16LE(length)).toString(), '6');
  });
});

describe('endpoints', () => {
  const own = ['192.0.2.1', '127.0.0.1', '::1', '2001:db8::1', 'fe80::1'];
  const places = (address: string, listening: readonly string[] = [], having: readonly string[] = own): unknown =>
    endpointsOf(address, 443, listening, having).map((place) => {
      assert.equal(place.port, 443);
      return place.address;
    });

  it('are on loopback for every address, and where http.sys is confined to, if it is', () => {
    assert.deepEqual(places('*'), ['127.0.0.1']);
    assert.deepEqual(places('0.0.0.0'), ['127.0.0.1']);
    assert.deepEqual(places('::'), ['::1']);
    assert.deepEqual(places('192.0.2.1'), ['192.0.2.1']);
    const confined = ['192.0.2.1', '2001:db8::1'];
    assert.deepEqual(places('*', confined), confined);
    assert.deepEqual(places('0.0.0.0', confined), ['192.0.2.1']);
    assert.deepEqual(places('::', confined), ['2001:db8::1']);
    assert.deepEqual(places('192.0.2.1', confined), ['192.0.2.1']);
    assert.deepEqual(places('127.0.0.1', confined), []);
    assert.deepEqual(places('*', ['0.0.0.0', '192.0.2.1']), ['127.0.0.1']);
  });

  it('are none at an address that the machine does not have: another machine would answer there', () => {
    assert.deepEqual(places('192.0.2.77'), []);
    assert.deepEqual(places('2001:db8::77'), []);
    assert.deepEqual(places('192.0.2.77', ['192.0.2.77']), []);
    assert.deepEqual(places('*', ['192.0.2.77', '192.0.2.1']), ['192.0.2.1']);
    assert.deepEqual(places('2001:DB8:0::1'), ['2001:DB8:0::1'], 'in any spelling');
    assert.deepEqual(places('fe80::1%4'), ['fe80::1%4'], 'whatever the zone is called');
    assert.deepEqual(places('127.0.0.99'), ['127.0.0.99'], 'all of loopback is its own');
  });

  it('are none for IPv6 where the machine has none', () => {
    const withoutIpv6 = ['192.0.2.1', '127.0.0.1'];
    assert.deepEqual(places('::', [], withoutIpv6), []);
    assert.deepEqual(places('::1', [], withoutIpv6), []);
    assert.deepEqual(places('*', [], withoutIpv6), ['127.0.0.1']);
  });

  it('the addresses of this machine are those of its interfaces, without zones', () => {
    assert.ok(ownAddresses().includes('127.0.0.1'));
    assert.deepEqual(
      ownAddresses().filter((address) => address.includes('%')),
      [],
    );
  });
});
