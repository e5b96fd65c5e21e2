import { type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm } from '../../ports/key-store.ts';
import type { Signer } from '../../ports/signer.ts';
import { signatureOf } from '../key-algorithm.ts';
import { publicKeyOf } from './key.ts';

const signAsync = promisify(sign);

/** A signer over a key in memory. RSA and P-384, which take a millisecond or more, sign off the main thread. */
export function softwareSigner(key: KeyObject, algorithm: KeyAlgorithm): Signer {
  const { name, hash } = signatureOf(algorithm);
  const slow = name === 'RS256' || name === 'ES384';
  const parameters = { key, dsaEncoding: 'ieee-p1363' } as const;
  return {
    algorithm: name,
    publicKey: publicKeyOf(key),
    inMemory: true,
    sign: slow ? (data) => signAsync(hash, data, parameters) : async (data) => sign(hash, data, parameters),
  };
}
