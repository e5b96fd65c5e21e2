import { children, contentOf, type DerElement, open, readDer, take, TAG, takeOptional } from '../../pki/asn1/der.ts';
import { layouts } from '../ffi/layouts.ts';

const rsa = layouts.BCRYPT_RSAKEY_BLOB;
const ecc = layouts.BCRYPT_ECCKEY_BLOB;

// bcrypt.h
const RSA_FULL_PRIVATE_MAGIC = 0x33415352;
const P256 = { algorithm: 'ECDSA_P256', magic: 0x32534345 } as const;
const P384 = { algorithm: 'ECDSA_P384', magic: 0x34534345 } as const;

/** Identifier octets in ECPrivateKey (RFC 5915 section 3). */
const EC_PARAMETERS = 0xa0;
const EC_PUBLIC_KEY = 0xa1;

/** An algorithm as NCryptCreatePersistedKey is asked for it. */
export type AlgorithmName = 'RSA' | 'ECDSA_P256' | 'ECDSA_P384';

/** A private key as a property of a new key. */
export interface PrivateBlob {
  readonly algorithm: AlgorithmName;
  /** The property that is for keys of this kind alone. */
  readonly property: 'RSAFULLPRIVATEBLOB' | 'ECCPRIVATEBLOB';
  /** BCRYPT_RSAFULLPRIVATE_BLOB or BCRYPT_ECCPRIVATE_BLOB; the caller overwrites them after use. */
  readonly octets: Buffer;
}

/** The key in what `privateKeyInfo` returned. */
export function privateBlob(pkcs8: Uint8Array): PrivateBlob {
  const info = open(readDer(pkcs8, pkcs8.length));
  take(info, TAG.integer);
  const [, curve] = children(take(info, TAG.sequence));
  const octets = contentOf(take(info, TAG.octetString));
  const key = open(readDer(octets, octets.length));
  take(key, TAG.integer);
  if (curve === undefined || curve.tag !== TAG.oid) return rsaBlob(key.elements.slice(key.next).map(number));
  const secret = contentOf(take(key, TAG.octetString));
  takeOptional(key, EC_PARAMETERS);
  // An uncompressed point: no unused bits, 4, then both coordinates.
  const publicKey = open(take(key, EC_PUBLIC_KEY), EC_PUBLIC_KEY);
  return eccBlob(secret, contentOf(take(publicKey, TAG.bitString)).subarray(2));
}

/** RSAPrivateKey (RFC 8017 A.1.2) from its modulus on: each number as long as its prime or the modulus. */
function rsaBlob(numbers: readonly Uint8Array[]): PrivateBlob {
  const [n = none, e = none, d = none, p = none, q = none, dp = none, dq = none, qi = none] = numbers;
  const fields: readonly (readonly [value: Uint8Array, length: number])[] = [
    [e, e.length],
    [n, n.length],
    [p, p.length],
    [q, q.length],
    [dp, p.length],
    [dq, q.length],
    [qi, p.length],
    [d, n.length],
  ];
  const octets = Buffer.alloc(rsa.size + fields.reduce((sum, [, length]) => sum + length, 0));
  octets.writeUInt32LE(RSA_FULL_PRIVATE_MAGIC, rsa.fields.Magic);
  octets.writeUInt32LE(n.length * 8, rsa.fields.BitLength);
  octets.writeUInt32LE(e.length, rsa.fields.cbPublicExp);
  octets.writeUInt32LE(n.length, rsa.fields.cbModulus);
  octets.writeUInt32LE(p.length, rsa.fields.cbPrime1);
  octets.writeUInt32LE(q.length, rsa.fields.cbPrime2);
  let end: number = rsa.size;
  for (const [value, length] of fields) {
    end += length;
    octets.set(value, end - value.length);
  }
  return { algorithm: 'RSA', property: 'RSAFULLPRIVATEBLOB', octets };
}

function eccBlob(secret: Uint8Array, point: Uint8Array): PrivateBlob {
  const { algorithm, magic } = secret.length === 32 ? P256 : P384;
  const octets = Buffer.alloc(ecc.size + point.length + secret.length);
  octets.writeUInt32LE(magic, ecc.fields.dwMagic);
  octets.writeUInt32LE(secret.length, ecc.fields.cbKey);
  octets.set(point, ecc.size);
  octets.set(secret, ecc.size + point.length);
  return { algorithm, property: 'ECCPRIVATEBLOB', octets };
}

const none = new Uint8Array();

/** The octets of an INTEGER that is not negative, without a zero ahead. */
function number(element: DerElement): Uint8Array {
  const octets = contentOf(element);
  return octets[0] === 0 ? octets.subarray(1) : octets;
}
