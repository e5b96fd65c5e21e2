import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { createLru } from '../../../src/concurrency/lru.ts';
import {
  exportPrivateKey,
  generatePrivateKey,
  importPrivateKey,
  softwareSigner,
} from '../../../src/custody/software/key.ts';

import type { KeyAlgorithm } from '../../../src/ports/key-store.ts';
import type { SignatureAlgorithm } from '../../../src/ports/signer.ts';

const ALGORITHMS: readonly (readonly [KeyAlgorithm, SignatureAlgorithm, string | null, number])[] = [
  ['ec-p256', 'ES256', 'sha256', 64],
  ['ec-p384', 'ES384', 'sha384', 96],
  ['ed25519', 'EdDSA', null, 64],
  ['rsa-2048', 'RS256', 'sha256', 256],
  ['rsa-3072', 'RS256', 'sha256', 384],
  ['rsa-4096', 'RS256', 'sha256', 512],
];

describe('software keys', () => {
  for (const [algorithm, name, hash, length] of ALGORITHMS) {
    it(`${algorithm} signs as ${name}, and survives its export`, async () => {
      const key = await generatePrivateKey(algorithm);
      const signer = softwareSigner(key, algorithm);
      const data = Buffer.from('header.payload');
      const signature = await signer.sign(data);
      assert.equal(signer.algorithm, name);
      assert.equal(signature.length, length);
      const publicKey: KeyObject = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
      assert.deepEqual(Buffer.from(signer.publicKey), createPublicKey(key).export({ format: 'der', type: 'spki' }));
      assert.ok(verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature));
      assert.ok(!verify(hash, Buffer.from('other'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature));

      const again = importPrivateKey(exportPrivateKey(key), algorithm);
      assert.ok(again?.equals(key));
      for (const [other] of ALGORITHMS) {
        if (other !== algorithm) assert.equal(importPrivateKey(exportPrivateKey(key), other), null);
      }
    });
  }

  it('no two keys are alike', async () => {
    const [a, b] = await Promise.all([generatePrivateKey('ec-p256'), generatePrivateKey('ec-p256')]);
    assert.ok(!a.equals(b));
  });

  it('octets that are no key give null', () => {
    assert.equal(importPrivateKey(Buffer.from('hunter2'), 'ec-p256'), null);
  });
});

describe('the cache of open keys', () => {
  it('drops what was not used for longest', () => {
    const cache = createLru<number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    assert.equal(cache.get('a'), 1);
    cache.set('c', 3);
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3]);
    cache.delete('a');
    cache.set('d', 4);
    assert.deepEqual([cache.get('a'), cache.get('c'), cache.get('d')], [undefined, 3, 4]);
  });
});
