import { type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm } from '../ports/key-store.ts';
import type { SignatureAlgorithm, Signer } from '../ports/signer.ts';
import { publicKeyOf } from './software-key.ts';

const signAsync = promisify(sign);

/** A signer over a key in memory. RSA and P-384, which take a millisecond or more, sign off the main thread. */
export function softwareSigner(key: KeyObject, algorithm: KeyAlgorithm): Signer {
  const { name, hash } = signatureOf(algorithm);
  const slow = name === 'RS256' || name === 'ES384';
  const parameters = { key, dsaEncoding: 'ieee-p1363' } as const;
  return {
    algorithm: name,
    publicKey: publicKeyOf(key),
    sign: slow ? (data) => signAsync(hash, data, parameters) : async (data) => sign(hash, data, parameters),
  };
}

function signatureOf(algorithm: KeyAlgorithm): { readonly name: SignatureAlgorithm; readonly hash: string | null } {
  switch (algorithm) {
    case 'ec-p256':
      return { name: 'ES256', hash: 'sha256' };
    case 'ec-p384':
      return { name: 'ES384', hash: 'sha384' };
    case 'ed25519':
      return { name: 'EdDSA', hash: null };
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return { name: 'RS256', hash: 'sha256' };
  }
}
