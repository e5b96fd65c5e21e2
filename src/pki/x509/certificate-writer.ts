import { TAG } from '../asn1/der.ts';
import { bitString, boolean, der, octetString, oid, sequence, unsignedInteger } from '../asn1/der-writer.ts';

export interface CertificateContent {
  /** Big-endian; more than zero. */
  readonly serial: Uint8Array;
  /** Common names. */
  readonly issuer: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Of `extension`. */
  readonly extensions: readonly Uint8Array[];
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';

/** A certificate (RFC 5280 section 4.1) in DER. `sign`: ECDSA with SHA-256, the signature in DER. */
export function encodeCertificate(
  content: CertificateContent,
  sign: (toBeSigned: Uint8Array) => Uint8Array,
): Uint8Array {
  const { serial, issuer, subject, notBefore, notAfter, publicKey, extensions } = content;
  const toBeSigned = sequence(
    der(0xa0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(serial),
    ECDSA_WITH_SHA256,
    name(issuer),
    sequence(time(notBefore), time(notAfter)),
    name(subject),
    publicKey,
    der(0xa3, sequence(...extensions)),
  );
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign(toBeSigned)));
}

/** One extension; `value` is the DER that goes into its OCTET STRING. */
export function extension(id: string, value: Uint8Array, critical: boolean): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function name(commonName: string): Uint8Array {
  return sequence(der(TAG.set, sequence(oid(COMMON_NAME), der(TAG.utf8String, Buffer.from(commonName)))));
}

/** UTCTime, which RFC 5280 section 4.1.2.5.1 asks for until 2049; GeneralizedTime from then on. */
function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14);
  const year = Number(digits.slice(0, 4));
  return year < 2050
    ? der(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : der(TAG.generalizedTime, Buffer.from(`${digits}Z`));
}
