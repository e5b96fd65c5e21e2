import { EverbindError } from '../../errors/error.ts';
import type { SignatureAlgorithm, Signer } from '../../ports/signer.ts';
import { subjectAltName } from './alt-name-writer.ts';
import { extension } from './certificate-writer.ts';
import { children, encodingOf, finish, open, readDer, TAG, take, takeOptional } from '../asn1/der.ts';
import { readOctetAlignedBits, readOid, readSmallInteger } from '../asn1/der-values.ts';
import { bitString, der, nothing, oid, sequence, unsignedInteger } from '../asn1/der-writer.ts';
import { nameText, readName } from './distinguished-name.ts';
import { type Extension, readExtensions, readGeneralNames, readTlsFeature } from './extensions.ts';
import { type GeneralName, identifiersOf } from './general-name.ts';
import type { Identifier } from './names.ts';
import { EXTENSION } from '../asn1/oids.ts';
import { describePublicKey, type PublicKeyInfo } from './public-key.ts';
import { importPublicKey, signatureScheme, verifySignature } from './signature.ts';

export interface CsrRequest {
  /** In this order, each once. */
  readonly identifiers: readonly Identifier[];
  readonly signer: Signer;
  /** Asks for the TLS feature extension (RFC 7633): clients then insist on a stapled OCSP response. */
  readonly mustStaple?: boolean;
}

/**
 * A PKCS#10 request (RFC 2986) in DER: empty subject, the names in a subjectAltName, signed by the signer. Unless the
 * signer has the key in memory, its signature is verified with its public key. Throws PKI_NAME_INVALID,
 * PKI_KEY_UNSUPPORTED, PKI_CSR_INVALID for a wrong signature, and whatever the signer throws.
 */
export async function buildCsr({ identifiers, signer, mustStaple = false }: CsrRequest): Promise<Uint8Array> {
  const algorithm = SIGNATURE_ALGORITHMS[signer.algorithm];
  if (!algorithm.fits(keyInfo(signer.publicKey))) {
    throw new EverbindError(
      'PKI_KEY_UNSUPPORTED',
      `The key cannot sign a certificate request with ${signer.algorithm}`,
      {
        algorithm: signer.algorithm,
      },
    );
  }
  const extensions = [extension(EXTENSION.subjectAltName, subjectAltName(identifiers), false)];
  if (mustStaple) extensions.push(extension(EXTENSION.tlsFeature, sequence(unsignedInteger(Uint8Array.of(5))), false));
  const attribute = sequence(oid(EXTENSION_REQUEST), der(TAG.set, sequence(...extensions)));
  const info = sequence(unsignedInteger(Uint8Array.of(0)), sequence(), signer.publicKey, der(0xa0, attribute));
  const signature = algorithm.toX509(await signer.sign(info));
  // A device that returns a broken signature, or that of another key, is found out here and not at the CA.
  if (signer.inMemory !== true && !verifies(algorithm.identifier, signer.publicKey, info, signature))
    throw wrongSignature(signer.algorithm);
  return sequence(info, algorithm.identifier, bitString(signature));
}

/** A decoded PKCS#10 request. */
export interface Csr {
  readonly der: Uint8Array;
  readonly subjectDer: Uint8Array;
  readonly subjectText: string;
  readonly spkiDer: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly subjectAltNames: readonly GeneralName[] | null;
  readonly identifiers: readonly Identifier[];
  readonly mustStaple: boolean;
  readonly signatureAlgorithmOid: string;
  readonly signatureAlgorithmDer: Uint8Array;
  readonly infoDer: Uint8Array;
  readonly signature: Uint8Array;
}

/** Decodes a request; `verifyCsr` checks its signature. Throws PKI_CSR_INVALID. */
export function parseCsr(octets: Uint8Array): Csr {
  try {
    return decode(octets);
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    throw new EverbindError('PKI_CSR_INVALID', `A request that cannot be parsed. ${error.message}`, error.details, {
      cause: error,
    });
  }
}

/** Whether the request is signed by the key it holds. Old hashes and short keys are not judged here. */
export function verifyCsr(csr: Csr): boolean {
  return verifies(csr.signatureAlgorithmDer, csr.spkiDer, csr.infoDer, csr.signature);
}

function verifies(algorithmDer: Uint8Array, spkiDer: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const scheme = signatureScheme(algorithmDer);
  const key = importPublicKey(spkiDer);
  return scheme !== null && key !== null && verifySignature(scheme, key, data, signature);
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const MAX_CSR_BYTES = 256 * 1024;
const MUST_STAPLE = 5;

interface CsrAlgorithm {
  /** AlgorithmIdentifier, DER. */
  readonly identifier: Uint8Array;
  fits(key: PublicKeyInfo): boolean;
  /** From the form of JWS to the form of X.509. */
  toX509(signature: Uint8Array): Uint8Array;
}

const SIGNATURE_ALGORITHMS: Readonly<Record<SignatureAlgorithm, CsrAlgorithm>> = {
  ES256: {
    identifier: sequence(oid('1.2.840.10045.4.3.2')),
    fits: (key) => key.type === 'ec' && key.curve === 'P-256',
    toX509: (signature) => ecdsaToDer(signature, 64),
  },
  ES384: {
    identifier: sequence(oid('1.2.840.10045.4.3.3')),
    fits: (key) => key.type === 'ec' && key.curve === 'P-384',
    toX509: (signature) => ecdsaToDer(signature, 96),
  },
  RS256: {
    identifier: sequence(oid('1.2.840.113549.1.1.11'), nothing()),
    fits: (key) => key.type === 'rsa' && key.bits >= 2048,
    toX509: (signature) => signature,
  },
  EdDSA: {
    identifier: sequence(oid('1.3.101.112')),
    fits: (key) => key.type === 'ed25519',
    toX509: (signature) => signature,
  },
};

/** r||s to the SEQUENCE of RFC 3279 section 2.2.3. */
function ecdsaToDer(signature: Uint8Array, length: number): Uint8Array {
  if (signature.length !== length) return signature;
  const half = length / 2;
  return sequence(unsignedInteger(signature.subarray(0, half)), unsignedInteger(signature.subarray(half)));
}

function keyInfo(spkiDer: Uint8Array): PublicKeyInfo {
  try {
    return describePublicKey(spkiDer);
  } catch (error) {
    throw new EverbindError('PKI_KEY_UNSUPPORTED', 'The public key is no SubjectPublicKeyInfo', {}, { cause: error });
  }
}

function wrongSignature(algorithm: string): EverbindError {
  return new EverbindError(
    'PKI_CSR_INVALID',
    'The signature on the certificate request does not verify with the public key',
    {
      algorithm,
    },
  );
}

function decode(octets: Uint8Array): Csr {
  const outer = open(readDer(octets, MAX_CSR_BYTES));
  const info = take(outer, TAG.sequence);
  const algorithm = take(outer, TAG.sequence);
  const signature = readOctetAlignedBits(take(outer, TAG.bitString));
  finish(outer);
  const fields = open(info);
  readSmallInteger(take(fields, TAG.integer));
  const subject = take(fields, TAG.sequence);
  const spki = take(fields, TAG.sequence);
  const attributes = takeOptional(fields, 0xa0);
  finish(fields);
  let extensions: ReadonlyMap<string, Extension> = new Map();
  for (const attribute of attributes === null ? [] : children(attributes)) {
    const cursor = open(attribute);
    const id = readOid(take(cursor, TAG.oid));
    const values = open(take(cursor, TAG.set), TAG.set);
    finish(cursor);
    if (id !== EXTENSION_REQUEST) continue;
    extensions = readExtensions(take(values, TAG.sequence));
    finish(values);
  }
  const altNames = extensions.get(EXTENSION.subjectAltName);
  const feature = extensions.get(EXTENSION.tlsFeature);
  const subjectAltNames = altNames === undefined ? null : readGeneralNames(altNames.value);
  return {
    der: octets,
    subjectDer: encodingOf(subject),
    subjectText: nameText(readName(subject)),
    spkiDer: encodingOf(spki),
    extensions,
    subjectAltNames,
    identifiers: identifiersOf(subjectAltNames ?? []),
    mustStaple: feature !== undefined && readTlsFeature(feature.value).includes(MUST_STAPLE),
    signatureAlgorithmOid: readOid(take(open(algorithm), TAG.oid)),
    signatureAlgorithmDer: encodingOf(algorithm),
    infoDer: encodingOf(info),
    signature,
  };
}
