import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { SignatureAlgorithm, Signer } from '../../../src/ports/signer.ts';

/** A new key in memory that signs as a key store's would. */
export function newSigner(algorithm: SignatureAlgorithm = 'ES256'): Signer & { readonly privateKeyPem: string } {
  const privateKey = generate(algorithm);
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { ...signerOf(algorithm, privateKey), privateKeyPem };
}

function signerOf(algorithm: SignatureAlgorithm, privateKey: KeyObject): Signer {
  const hash = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', EdDSA: null }[algorithm];
  return {
    algorithm,
    publicKey: new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })),
    sign: async (data) => new Uint8Array(sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}

function generate(algorithm: SignatureAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey;
  }
}
