import type { CertificateKeyAlgorithm } from '../ports/key-store.ts';

/** Algorithms that the key of a certificate may have. */
export const CERTIFICATE_KEY_ALGORITHMS = [
  'ec-p256',
  'ec-p384',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
] as const satisfies readonly CertificateKeyAlgorithm[];
