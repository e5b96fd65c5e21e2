import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { TAG } from '../pki/asn1/der.ts';
import { boolean, der, octetString, oid, sequence } from '../pki/asn1/der-writer.ts';
import { EXTENSION, KEY_PURPOSE } from '../pki/asn1/oids.ts';
import { subjectAltName } from '../pki/x509/alt-name-writer.ts';
import { encodeCertificate, extension } from '../pki/x509/certificate-writer.ts';
import type { Random } from '../ports/random.ts';
import { IDENTIFIERS } from './binding-kind.ts';
import { HOST, MARK } from './names.ts';

/**
 * A certificate authority that lives in memory for one self-test: a root and an intermediate. Nothing trusts it: the
 * root is put into no store.
 */
export interface LocalCa {
  /** DER. */
  readonly root: Uint8Array;
  readonly intermediate: Uint8Array;
  /**
   * A certificate for the self-test's names and this public key (SubjectPublicKeyInfo, DER). The chain without the
   * root, leaf first, DER.
   */
  issue(publicKey: Uint8Array): readonly Uint8Array[];
}

interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

const DAY_MS = 86_400_000;
// BIT STRING of KeyUsage: the number of unused bits, then the bits (RFC 5280 section 4.2.1.3).
const DIGITAL_SIGNATURE = Uint8Array.of(7, 0x80);
const CERT_AND_CRL_SIGN = Uint8Array.of(1, 0x06);

/** Its certificates are valid for two days around `now`. */
export function createLocalCa(random: Random, now: number): LocalCa {
  const root = authority(`${MARK} root`);
  const intermediate = authority(`${MARK} intermediate`);
  const certify = (
    issuer: Authority,
    subject: { readonly name: string; readonly publicKey: Uint8Array },
    extensions: readonly Uint8Array[],
  ): Uint8Array => {
    const content = {
      serial: serialNumber(random),
      issuer: issuer.name,
      subject: subject.name,
      notBefore: now - DAY_MS,
      notAfter: now + DAY_MS,
      publicKey: subject.publicKey,
      extensions: [
        ...extensions,
        extension(EXTENSION.subjectKeyIdentifier, octetString(keyIdentifier(subject.publicKey)), false),
        extension(EXTENSION.authorityKeyIdentifier, sequence(der(0x80, keyIdentifier(issuer.publicKey))), false),
      ],
    };
    return encodeCertificate(content, (toBeSigned) => sign('sha256', toBeSigned, issuer.privateKey));
  };
  const intermediateDer = certify(root, intermediate, authorityExtensions());
  return {
    root: certify(root, root, authorityExtensions()),
    intermediate: intermediateDer,
    issue: (publicKey) => [certify(intermediate, { name: HOST, publicKey }, leafExtensions()), intermediateDer],
  };
}

function authority(name: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { name, privateKey, publicKey: publicKey.export({ type: 'spki', format: 'der' }) };
}

function authorityExtensions(): readonly Uint8Array[] {
  return [
    extension(EXTENSION.basicConstraints, sequence(boolean(true)), true),
    extension(EXTENSION.keyUsage, der(TAG.bitString, CERT_AND_CRL_SIGN), true),
  ];
}

function leafExtensions(): readonly Uint8Array[] {
  return [
    extension(EXTENSION.basicConstraints, sequence(), true),
    extension(EXTENSION.keyUsage, der(TAG.bitString, DIGITAL_SIGNATURE), true),
    extension(EXTENSION.extendedKeyUsage, sequence(oid(KEY_PURPOSE.serverAuth)), false),
    extension(EXTENSION.subjectAltName, subjectAltName(IDENTIFIERS), false),
  ];
}

/** RFC 5280 section 4.2.1.2 leaves the method open: any value that is unique to the key. */
function keyIdentifier(publicKey: Uint8Array): Uint8Array {
  return hash('sha1', publicKey, 'buffer');
}

/** Positive, and never shorter than 16 octets. */
function serialNumber(random: Random): Uint8Array {
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
