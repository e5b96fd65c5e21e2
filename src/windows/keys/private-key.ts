import type { KeyObject } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import { children, encodingOf, readDer, TAG } from '../../pki/asn1/der.ts';
import { der, oid, sequence } from '../../pki/asn1/der-writer.ts';
import { EXTENSION } from '../../pki/asn1/oids.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import { STATUS } from '../status.ts';

/** Attributes [0] of a PrivateKeyInfo: the key usage, a BIT STRING with digitalSignature alone. */
const SIGNING_ONLY = der(
  0xa0,
  sequence(oid(EXTENSION.keyUsage), der(TAG.set, der(TAG.bitString, Uint8Array.of(7, 0x80)))),
);

/**
 * A private key in the form of NCryptImportKey: PrivateKeyInfo (RFC 5958, DER), which the caller overwrites after use.
 * An EC key carries the key usage digitalSignature: without it Windows would make an ECDH key of it. Throws
 * WindowsError 0x80090029 for a key that is no CertificateKeyAlgorithm.
 */
export function privateKeyInfo(key: KeyObject): Buffer {
  if (kindOf(key) === null) throw new WindowsError('NCryptImportKey', STATUS.NTE_NOT_SUPPORTED);
  const info = key.export({ type: 'pkcs8', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') return info;
  try {
    // Version, algorithm and key. Attributes that OpenSSL may write after them are replaced.
    const fields = children(readDer(info, info.length)).slice(0, 3).map(encodingOf);
    return Buffer.from(sequence(...fields, SIGNING_ONLY).buffer);
  } finally {
    info.fill(0);
  }
}

const CURVES: Readonly<Record<string, CertificateKeyAlgorithm>> = { prime256v1: 'ec-p256', secp384r1: 'ec-p384' };

/** The algorithm of a public or private key; null when it is no CertificateKeyAlgorithm. */
export function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): CertificateKeyAlgorithm | null {
  if (asymmetricKeyType === 'ec') return CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? null;
  const bits = asymmetricKeyType === 'rsa' ? asymmetricKeyDetails?.modulusLength : undefined;
  return bits === 2048 || bits === 3072 || bits === 4096 ? `rsa-${bits}` : null;
}
