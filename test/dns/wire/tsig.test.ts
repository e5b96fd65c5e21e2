import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeHeader, encodeQuery } from '../../../src/dns/wire/message.ts';
import { signMessage, TSIG_ALGORITHMS, type TsigKey, verifyMessage } from '../../../src/dns/wire/tsig.ts';
import { encodeUpdate } from '../../../src/dns/wire/update.ts';
import { EverbindError } from '../../../src/errors/error.ts';

const NOW = Date.UTC(2026, 10, 27);
const key: TsigKey = { name: 'acme.key', algorithm: 'hmac-sha256', secret: Buffer.from('0123456789abcdef') };
const record = { name: '_acme-challenge.shop.example', value: 'x'.repeat(43) };
const update = encodeUpdate(7, 'shop.example', { action: 'add', record, ttl: 60 });

function reason(expected: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof EverbindError && error.code === 'DNS_CREDENTIALS_REFUSED' && error.details['reason'] === expected;
}

/**
 * The signed message with another error number in its TSIG record, which ends with error and the length of other data.
 */
function withError(octets: Uint8Array, error: number): Uint8Array {
  const changed = Buffer.from(octets);
  changed.writeUInt16BE(error, changed.length - 4);
  return changed;
}

describe('TSIG', () => {
  for (const algorithm of TSIG_ALGORITHMS) {
    it(`${algorithm}: a signed message verifies for five minutes, and a response with the request's signature`, () => {
      const mine = { ...key, algorithm };
      const request = signMessage(update, mine, NOW);
      verifyMessage(request.octets, mine, NOW);
      verifyMessage(request.octets, mine, NOW + 300_000);
      assert.throws(() => verifyMessage(request.octets, mine, NOW + 301_000), reason('bad-time'));
      assert.throws(() => verifyMessage(request.octets, mine, NOW - 301_000), reason('bad-time'));

      // A response covers the signature of its request (RFC 8945 section 4.3.1).
      const answer = signMessage(update, mine, NOW, 300, request.mac);
      verifyMessage(answer.octets, mine, NOW, request.mac);
      assert.throws(() => verifyMessage(answer.octets, mine, NOW, answer.mac), reason('bad-signature'));
      const { octets } = signMessage(update, mine, NOW);
      assert.throws(() => verifyMessage(octets, mine, NOW, request.mac), reason('bad-signature'));
    });
  }

  it('says who refused what', () => {
    const { octets } = signMessage(update, key, NOW);
    assert.throws(() => verifyMessage(update, key, NOW), reason('unsigned'));
    assert.throws(() => verifyMessage(octets, { ...key, name: 'other.key' }, NOW), reason('wrong-key'));
    assert.throws(() => verifyMessage(octets, { ...key, algorithm: 'hmac-sha512' }, NOW), reason('wrong-key'));
    assert.throws(() => verifyMessage(octets, { ...key, secret: Buffer.alloc(16) }, NOW), reason('bad-signature'));
    for (const [error, name] of [
      [16, 'BADSIG'],
      [17, 'BADKEY'],
      [18, 'BADTIME'],
      [22, 'BADTRUNC'],
    ] as const) {
      assert.throws(() => verifyMessage(withError(octets, error), key, NOW), reason(name));
    }
  });

  it('a second signature, or one that is not the last record, is refused', () => {
    const once = signMessage(update, key, NOW).octets;
    const twice = signMessage(once, key, NOW).octets;
    assert.throws(() => verifyMessage(twice, key, NOW), { code: 'DNS_QUERY_FAILED' });
  });

  it('no octet can be changed but those of the id, which a server that forwards messages may change', () => {
    const { octets } = signMessage(encodeQuery(1, 'shop.example', 'SOA', false), key, NOW);
    for (let index = 2; index < octets.length; index += 1) {
      for (const bit of [0x01, 0x20, 0x80]) {
        // Upper and lower case of the key's name are the same name (RFC 8945 section 4.3.3 signs it in lower case).
        const changed = Uint8Array.from(octets);
        changed[index] = (changed[index] ?? 0) ^ bit;
        if (
          Buffer.from(changed).toString('latin1').toLowerCase() === Buffer.from(octets).toString('latin1').toLowerCase()
        )
          continue;
        assert.throws(() => verifyMessage(changed, key, NOW), EverbindError, `octet ${index}`);
      }
    }
  });

  it('whatever comes is refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
        assert.throws(() => verifyMessage(octets, key, NOW), EverbindError);
        const headed = Buffer.concat([encodeHeader(1, 0x8000, [0, 0, 0, 1]), octets]);
        assert.throws(() => verifyMessage(headed, key, NOW), EverbindError);
      }),
    );
  });
});
