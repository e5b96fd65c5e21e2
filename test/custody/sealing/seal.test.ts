import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { seal, type SealContext, unseal } from '../../../src/custody/sealing/seal.ts';
import { errorCode } from '../../../src/errors/error.ts';

const master = createSecretKey(randomBytes(32));
const context: SealContext = { purpose: 'key', name: 'software:a' };

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return errorCode(error);
  }
}

describe('sealing', () => {
  it('opens to what was sealed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.string(), (plaintext, name) => {
        const where: SealContext = { purpose: 'secret', name };
        assert.deepEqual(new Uint8Array(unseal(master, where, seal(master, where, plaintext))), plaintext);
      }),
    );
  });

  it('never seals to the same octets', () => {
    const sealed = Array.from({ length: 1000 }, () => Buffer.from(seal(master, context, Buffer.from('x'))));
    assert.equal(new Set(sealed.map((octets) => octets.subarray(1, 13).toString('hex'))).size, 1000);
  });

  it('any changed bit of any octet is found', () => {
    const sealed = seal(master, context, Buffer.from('thirty octets of key material.'));
    for (const [index, octet] of sealed.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = Uint8Array.from(sealed);
        changed[index] = octet ^ (1 << bit);
        assert.equal(
          codeOf(() => unseal(master, context, changed)),
          'KEY_SEAL_BROKEN',
          `octet ${index} bit ${bit}`,
        );
      }
    }
  });

  it('any cut and any addition is found', () => {
    const sealed = seal(master, context, Buffer.from('thirty octets of key material.'));
    for (let length = 0; length < sealed.length; length += 1) {
      assert.equal(
        codeOf(() => unseal(master, context, sealed.subarray(0, length))),
        'KEY_SEAL_BROKEN',
      );
    }
    assert.equal(
      codeOf(() => unseal(master, context, Buffer.concat([sealed, Buffer.from([0])]))),
      'KEY_SEAL_BROKEN',
    );
  });

  it('opens under no other name, purpose or master key', () => {
    const sealed = seal(master, context, Buffer.from('x'));
    const other = createSecretKey(randomBytes(32));
    for (const [key, where] of [
      [master, { purpose: 'key', name: 'software:b' }],
      [master, { purpose: 'secret', name: 'software:a' }],
      [master, { purpose: 'key', name: 'software:a"' }],
      [other, context],
    ] as const) {
      assert.equal(
        codeOf(() => unseal(key, where, sealed)),
        'KEY_SEAL_BROKEN',
      );
    }
  });

  it('errors say which value, not what was in it', () => {
    const sealed = seal(master, context, Buffer.from('hunter2'));
    try {
      unseal(master, { ...context, name: 'software:b' }, sealed);
      assert.fail('opened');
    } catch (error) {
      assert.match(String(error), /software:b/);
      assert.doesNotMatch(JSON.stringify(error) + String(error), /hunter2/);
    }
  });
});
