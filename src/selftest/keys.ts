import type { CertificateKeyAlgorithm, KeyHandle, KeyStore } from '../ports/key-store.ts';

/** Every algorithm that certificates have, the one that makes the least work first. */
export const ALGORITHMS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;
/** The key of the renewed certificate. */
export const RENEWAL_KEY = 'selftest-renewal';
/** Names of all keys that a self-test makes in a key store. */
export const KEY_NAMES: readonly string[] = [...ALGORITHMS.map(keyNameOf), RENEWAL_KEY];

export function keyNameOf(algorithm: CertificateKeyAlgorithm): string {
  return `selftest-${algorithm}`;
}

/** The name of the step in which a key of this algorithm is made. */
export function makeKeyStep(algorithm: CertificateKeyAlgorithm): string {
  return `make a key: ${algorithm}`;
}

export function keyHandleOf(keys: KeyStore, name: string): KeyHandle {
  return `${keys.provider}:${name}`;
}
