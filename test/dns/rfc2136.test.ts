import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsExchange } from '../../src/dns/exchange.ts';
import { decodeMessage, TYPES, uint16, uint32 } from '../../src/dns/wire/message.ts';
import { encodeName } from '../../src/dns/wire/name.ts';
import { rfc2136 } from '../../src/dns/providers/rfc2136.ts';
import { signMessage, type TsigKey, verifyMessage } from '../../src/dns/wire/tsig.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { idleParts } from './support.ts';

// What real servers send is in lab/interop; here is what they hardly ever do.

const NOW = Date.UTC(2026, 10, 27);
const key: TsigKey = { name: 'acme', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 7) };
const settings = { server: '192.0.2.53', keyName: 'ACME.', keySecret: Buffer.from(key.secret).toString('base64') };
const record = { name: '_acme-challenge.shop.example', value: 'v' };

interface Behaviour {
  /** rcode of updates in turn; the last one for ever. */
  readonly rcodes?: readonly number[];
  readonly sign?: boolean;
  readonly signedAt?: number;
}

/** A server with the zone shop.example; `updates` counts. */
function server({ rcodes = [0], sign = true, signedAt = NOW }: Behaviour = {}) {
  let updates = 0;
  const exchange: DnsExchange = (_server, question) => {
    verifyMessage(question, key, NOW);
    const asked = decodeMessage(question);
    const update = asked.opcode === 5;
    const rcode = update ? (rcodes[Math.min(updates, rcodes.length - 1)] ?? 0) : 0;
    if (update) updates += 1;
    const signature = asked.additional.at(-1);
    assert.ok(signature !== undefined);
    const soa = Buffer.concat([encodeName('ns'), encodeName('h'), ...[1, 2, 3, 4, 5].map(uint32)]);
    const authority = update
      ? []
      : [encodeName('shop.example'), uint16(TYPES.SOA), uint16(1), uint32(0), uint16(soa.length), soa];
    const head = Buffer.concat([
      question.subarray(0, 2),
      uint16(0x8400 | (asked.opcode << 11) | rcode),
      ...[0, 0, update ? 0 : 1, 0].map(uint16),
    ]);
    const plain = Buffer.concat([head, ...authority]);
    const octets = sign ? answerTo(plain, question, signature.start, signedAt) : plain;
    return Promise.resolve({ octets, message: decodeMessage(octets) });
  };
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  const resolver = { ...idleParts.resolver, addresses: (host: string) => Promise.resolve([host]) };
  return { provider: rfc2136.create(settings, { ...idleParts, clock, resolver, exchange }), updates: () => updates };
}

/** Signs a response: its signature covers that of the request (RFC 8945 section 4.3.1). */
function answerTo(plain: Uint8Array, request: Uint8Array, start: number, at: number): Uint8Array {
  const unsigned = Buffer.from(request.subarray(0, start));
  unsigned.writeUInt16BE(0, 10);
  const { mac } = signMessage(unsigned, key, NOW);
  return signMessage(plain, key, at, 300, mac).octets;
}

const code = (wanted: string, reason?: string) => (error: unknown) =>
  error instanceof EverbindError &&
  error.code === wanted &&
  (reason === undefined || error.details['reason'] === reason);

test('an update is signed, its zone is what the server says, its response is checked', async () => {
  const { provider, updates } = server();
  assert.equal(await provider.findZone(record.name), 'shop.example');
  await provider.present(record);
  await provider.cleanUp(record);
  assert.equal(updates(), 2);
});

test('a response that is not signed, or was signed long ago, is refused', async () => {
  await assert.rejects(server({ sign: false }).provider.present(record), code('DNS_CREDENTIALS_REFUSED', 'unsigned'));
  const old = server({ signedAt: NOW - 301_000 });
  await assert.rejects(old.provider.present(record), code('DNS_CREDENTIALS_REFUSED', 'bad-time'));
});

for (const [rcode, wanted] of [
  [5, 'DNS_CREDENTIALS_REFUSED'],
  [9, 'DNS_ZONE_NOT_FOUND'],
  [10, 'DNS_ZONE_NOT_FOUND'],
  [4, 'DNS_PROVIDER_FAILED'],
] as const) {
  test(`rcode ${rcode} of an update is ${wanted}`, async () => {
    const { provider, updates } = server({ rcodes: [rcode] });
    await assert.rejects(provider.present(record), code(wanted));
    assert.equal(updates(), 1);
  });
}

test('SERVFAIL is asked again, a bounded number of times', async () => {
  const twice = server({ rcodes: [2, 2, 0] });
  await twice.provider.present(record);
  assert.equal(twice.updates(), 3);
  const ever = server({ rcodes: [2] });
  await assert.rejects(ever.provider.present(record), code('DNS_PROVIDER_FAILED', 'SERVFAIL'));
  assert.equal(ever.updates(), 6);
});

test('wrong settings', () => {
  for (const wrong of [
    { server: 'a b' },
    { server: '[192.0.2.1]:53' },
    { server: '192.0.2.1:0' },
    { keySecret: 'no base64!' },
    { keyAlgorithm: 'hmac-md5' },
    { keyName: 'a..b' },
    { transport: 'tls' },
    { ttl: '0' },
  ]) {
    assert.throws(
      () => rfc2136.create({ ...settings, ...wrong }, idleParts),
      code('DNS_PROVIDER_SETTING'),
      JSON.stringify(wrong),
    );
  }
});
