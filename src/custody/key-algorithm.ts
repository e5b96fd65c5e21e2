import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '../ports/key-store.ts';
import type { SignatureAlgorithm } from '../ports/signer.ts';

/** How a key of this algorithm signs: its JWS name, and the hash where the algorithm does not fix it. */
export function signatureOf(algorithm: KeyAlgorithm): {
  readonly name: SignatureAlgorithm;
  readonly hash: string | null;
} {
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

/** The algorithm of a key; null when it is none of ours. */
export function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm | null {
  if (asymmetricKeyType === 'ed25519') return 'ed25519';
  if (asymmetricKeyType === 'ec') return CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? null;
  if (asymmetricKeyType === 'rsa') return MODULI[asymmetricKeyDetails?.modulusLength ?? 0] ?? null;
  return null;
}

/** The algorithm of a public key (SubjectPublicKeyInfo, DER); null when it is none of ours. */
export function publicKeyAlgorithm(spki: Uint8Array): KeyAlgorithm | null {
  try {
    return algorithmOf(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }));
  } catch {
    return null;
  }
}

const CURVES: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'ec-p256', secp384r1: 'ec-p384' };
const MODULI: Readonly<Record<number, KeyAlgorithm>> = { 2048: 'rsa-2048', 3072: 'rsa-3072', 4096: 'rsa-4096' };
