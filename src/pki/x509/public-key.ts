import { finish, open, readDer, TAG, take, takeOptional, type DerCursor } from '../asn1/der.ts';
import { readBitString, readInteger, readOid } from '../asn1/der-values.ts';

/** What a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) holds, as far as decisions need it. */
export type PublicKeyInfo =
  | { readonly type: 'rsa' | 'rsa-pss'; readonly bits: number; readonly exponentOk: boolean }
  /** `curve` is a name for the curves that the web uses, otherwise the object identifier or `explicit`. */
  | { readonly type: 'ec'; readonly curve: string }
  | { readonly type: 'ed25519' }
  /** FIPS 204 in any of its three sizes (RFC 9881). */
  | { readonly type: 'ml-dsa' }
  | { readonly type: 'other'; readonly oid: string };

const MAX_SPKI_BYTES = 64 * 1024;

/** Looks into a SubjectPublicKeyInfo. Throws PKI_DER_INVALID. */
export function describePublicKey(spkiDer: Uint8Array): PublicKeyInfo {
  const spki = open(readDer(spkiDer, MAX_SPKI_BYTES));
  const algorithm = open(take(spki, TAG.sequence));
  const { octets } = readBitString(take(spki, TAG.bitString), TAG.bitString);
  finish(spki);
  const oid = readOid(take(algorithm, TAG.oid));
  switch (oid) {
    case '1.2.840.113549.1.1.1':
      // RFC 3279 section 2.3.1.
      take(algorithm, TAG.null);
      finish(algorithm);
      return describeRsa('rsa', octets);
    case '1.2.840.113549.1.1.10':
      return describeRsa('rsa-pss', octets);
    case '1.2.840.10045.2.1':
      return { type: 'ec', curve: readCurve(algorithm) };
    case '1.3.101.112':
      finish(algorithm);
      return { type: 'ed25519' };
    case '2.16.840.1.101.3.4.3.17':
    case '2.16.840.1.101.3.4.3.18':
    case '2.16.840.1.101.3.4.3.19':
      finish(algorithm);
      return { type: 'ml-dsa' };
    default:
      return { type: 'other', oid };
  }
}

const CURVES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};

function describeRsa(type: 'rsa' | 'rsa-pss', octets: Uint8Array): PublicKeyInfo {
  const key = open(readDer(octets, MAX_SPKI_BYTES));
  const modulus = readInteger(take(key, TAG.integer));
  const exponent = readInteger(take(key, TAG.integer));
  finish(key);
  const start = modulus[0] === 0 ? 1 : 0;
  const bits = (modulus.length - start) * 8 - Math.clz32(modulus[start] ?? 0) + 24;
  const odd = ((exponent.at(-1) ?? 0) & 1) === 1;
  const positive = (exponent[0] ?? 0x80) < 0x80 && (modulus[0] ?? 0x80) < 0x80;
  // Exponents above 2^256 only serve to make verifying expensive.
  return {
    type,
    bits,
    exponentOk: odd && positive && exponent.length <= 33 && !(exponent.length === 1 && exponent[0] === 1),
  };
}

function readCurve(algorithm: DerCursor): string {
  const named = takeOptional(algorithm, TAG.oid);
  if (named === null) return 'explicit';
  const oid = readOid(named);
  return CURVES[oid] ?? oid;
}
