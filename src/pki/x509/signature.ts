import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { contentOf, finish, open, readDer, TAG, take, takeAny, takeOptional, type DerElement } from '../asn1/der.ts';
import { readOid, readSmallInteger } from '../asn1/der-values.ts';

/** How a signature in a certificate, request or CRL was made. */
export interface SignatureScheme {
  readonly key: 'rsa' | 'ec' | 'ed25519' | 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87';
  /** null where the algorithm fixes it. */
  readonly hash: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  readonly pss: boolean;
  /** MD5 or SHA-1: collisions are cheap enough to forge with. */
  readonly weak: boolean;
}

/** Reads an AlgorithmIdentifier; null for algorithms and parameters that we do not verify. */
export function signatureScheme(algorithmDer: Uint8Array): SignatureScheme | null {
  try {
    return readScheme(algorithmDer);
  } catch (error) {
    if (error instanceof EverbindError) return null;
    throw error;
  }
}

/** A key object for a SubjectPublicKeyInfo; null when the crypto library refuses it. */
export function importPublicKey(spkiDer: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/**
 * Whether the signature verifies; false also when the key is not of the scheme's kind. ECDSA signatures are in DER, as
 * in X.509.
 */
export function verifySignature(
  scheme: SignatureScheme,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const kind = key.asymmetricKeyType;
  if (kind !== scheme.key && !(kind === 'rsa-pss' && scheme.pss)) return false;
  try {
    if (!scheme.pss) return verify(scheme.hash, data, key, signature);
    return verify(
      scheme.hash,
      data,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
      signature,
    );
  } catch {
    // The library throws for keys that it can hold but not use; here such a signature does not verify.
    return false;
  }
}

const RSA_HASHES: Readonly<Record<string, SignatureScheme['hash']>> = {
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};

const ECDSA_HASHES: Readonly<Record<string, SignatureScheme['hash']>> = {
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** Algorithms whose key type says everything (RFC 8410, RFC 9881). */
const KEY_BOUND: Readonly<Record<string, SignatureScheme['key']>> = {
  '1.3.101.112': 'ed25519',
  '2.16.840.1.101.3.4.3.17': 'ml-dsa-44',
  '2.16.840.1.101.3.4.3.18': 'ml-dsa-65',
  '2.16.840.1.101.3.4.3.19': 'ml-dsa-87',
};

const PSS_HASHES: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

const SALT_LENGTHS = { sha256: 32, sha384: 48, sha512: 64 } as const;

function readScheme(algorithmDer: Uint8Array): SignatureScheme | null {
  const cursor = open(readDer(algorithmDer, 1024));
  const oid = readOid(take(cursor, TAG.oid));
  const parameters = cursor.elements[cursor.next];
  const rsa = RSA_HASHES[oid];
  if (rsa !== undefined) {
    // RFC 4055 section 5: NULL, and absent must be accepted as well.
    if (!isNullOrAbsent(parameters) || cursor.elements.length > 2) return null;
    return { key: 'rsa', hash: rsa, pss: false, weak: rsa === 'md5' || rsa === 'sha1' };
  }
  const ecdsa = ECDSA_HASHES[oid];
  if (ecdsa !== undefined) {
    return parameters === undefined ? { key: 'ec', hash: ecdsa, pss: false, weak: ecdsa === 'sha1' } : null;
  }
  const bare = KEY_BOUND[oid];
  if (bare !== undefined) return parameters === undefined ? { key: bare, hash: null, pss: false, weak: false } : null;
  if (oid !== '1.2.840.113549.1.1.10') return null;
  const hash = readPssHash(take(cursor, TAG.sequence));
  finish(cursor);
  return hash === null ? null : { key: 'rsa', hash, pss: true, weak: false };
}

/** RFC 4055 section 3.1. CAs use one hash for both purposes and a salt of its length; the defaults are SHA-1. */
function readPssHash(element: DerElement): 'sha256' | 'sha384' | 'sha512' | null {
  const cursor = open(element);
  const hashField = takeOptional(cursor, 0xa0);
  const maskField = takeOptional(cursor, 0xa1);
  const saltField = takeOptional(cursor, 0xa2);
  finish(cursor);
  if (hashField === null || maskField === null || saltField === null) return null;
  const hash = readHashAlgorithm(only(hashField));
  const mask = open(only(maskField));
  if (readOid(take(mask, TAG.oid)) !== '1.2.840.113549.1.1.8') return null;
  const maskHash = readHashAlgorithm(takeAny(mask));
  if (hash === null || hash !== maskHash) return null;
  return readSmallInteger(only(saltField)) === SALT_LENGTHS[hash] ? hash : null;
}

function readHashAlgorithm(element: DerElement): 'sha256' | 'sha384' | 'sha512' | null {
  const cursor = open(element);
  const hash = PSS_HASHES[readOid(take(cursor, TAG.oid))] ?? null;
  return isNullOrAbsent(cursor.elements[1]) ? hash : null;
}

function isNullOrAbsent(element: DerElement | undefined): boolean {
  return element === undefined || (element.tag === TAG.null && contentOf(element).length === 0);
}

function only(wrapper: DerElement): DerElement {
  const cursor = open(wrapper, wrapper.tag);
  const element = takeAny(cursor);
  finish(cursor);
  return element;
}
