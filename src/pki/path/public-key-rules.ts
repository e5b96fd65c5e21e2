import { EverbindError } from '../../errors/error.ts';
import { describePublicKey } from '../x509/public-key.ts';

/** Keys larger than this only serve to keep the one who verifies busy. */
const MAX_RSA_BITS = 8192;
const MIN_RSA_BITS = 2048;
const STRONG_CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);

/** Why nobody should trust a signature or a handshake of this key, or null. `webpki` adds CA/B Forum Baseline Requirements 6.1.5 and 7.1.3.1. */
export function publicKeyProblem(spkiDer: Uint8Array, webpki: boolean): string | null {
  let key: ReturnType<typeof describePublicKey>;
  try {
    key = describePublicKey(spkiDer);
  } catch (error) {
    if (error instanceof EverbindError) return 'the public key cannot be parsed';
    throw error;
  }
  switch (key.type) {
    case 'rsa':
    case 'rsa-pss':
      if (key.bits < MIN_RSA_BITS) return `an RSA key of ${key.bits} bits is too short`;
      if (key.bits > MAX_RSA_BITS) return `an RSA key of ${key.bits} bits is too long`;
      if (!key.exponentOk) return 'the RSA exponent is even, too small or too large';
      if (webpki && key.bits % 8 !== 0) return `an RSA key of ${key.bits} bits is no whole number of octets`;
      return webpki && key.type === 'rsa-pss' ? 'keys for RSASSA-PSS alone are not used on the web' : null;
    case 'ec':
      return STRONG_CURVES.has(key.curve) ? null : `the curve ${key.curve} is not used on the web`;
    case 'ed25519':
    case 'ml-dsa':
      return webpki ? `${key.type} keys are not used on the web` : null;
    case 'other':
      return `public keys of type ${key.oid} are not used on the web`;
  }
}
