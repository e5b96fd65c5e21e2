import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { subjectAltName } from '../pki/x509/alt-name-writer.ts';
import { encodeCertificate, extension } from '../pki/x509/certificate-writer.ts';
import { TAG } from '../pki/asn1/der.ts';
import { der, oid, sequence } from '../pki/asn1/der-writer.ts';
import { EXTENSION, KEY_PURPOSE } from '../pki/asn1/oids.ts';
import type { Random } from '../ports/random.ts';
import { HOST } from './names.ts';

/** A certificate authority that lives in memory for one self-test. Nothing trusts it. */
export interface LocalCa {
  /**
   * A certificate for the self-test's host and this public key (SubjectPublicKeyInfo, DER), valid for two days around
   * now. DER.
   */
  issue(publicKey: Uint8Array, now: number): Uint8Array;
}

const DAY_MS = 86_400_000;

export function createLocalCa(random: Random): LocalCa {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { issue: (publicKey, now) => issue(privateKey, random, publicKey, now) };
}

function issue(caKey: KeyObject, random: Random, publicKey: Uint8Array, now: number): Uint8Array {
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const content = {
    serial,
    issuer: 'Everbind selftest CA',
    subject: HOST,
    notBefore: now - DAY_MS,
    notAfter: now + DAY_MS,
    publicKey,
    extensions: extensions(),
  };
  return encodeCertificate(content, (toBeSigned) => sign('sha256', toBeSigned, caKey));
}

function extensions(): readonly Uint8Array[] {
  const digitalSignature = der(TAG.bitString, Uint8Array.of(7, 0x80));
  return [
    extension(EXTENSION.basicConstraints, sequence(), true),
    extension(EXTENSION.keyUsage, digitalSignature, true),
    extension(EXTENSION.extendedKeyUsage, sequence(oid(KEY_PURPOSE.serverAuth)), false),
    extension(EXTENSION.subjectAltName, subjectAltName([{ type: 'dns', value: HOST }]), false),
  ];
}
