import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { subjectAltName } from '../pki/alt-name-writer.ts';
import { TAG } from '../pki/der.ts';
import { bitString, boolean, der, octetString, oid, sequence, unsignedInteger } from '../pki/der-writer.ts';
import { EXTENSION, KEY_PURPOSE } from '../pki/oids.ts';
import type { Random } from '../ports/random.ts';
import { HOST } from './names.ts';

/** A certificate authority that lives as long as one self-test, in memory alone. Nothing trusts it and nothing is made to. */
export interface LocalCa {
  /** A certificate for the self-test's host and this public key (SubjectPublicKeyInfo, DER), valid for two days around now. DER. */
  issue(publicKey: Uint8Array, now: number): Uint8Array;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';

export function createLocalCa(random: Random): LocalCa {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { issue: (publicKey, now) => issue(privateKey, random, publicKey, now) };
}

function issue(caKey: KeyObject, random: Random, publicKey: Uint8Array, now: number): Uint8Array {
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    der(0xa0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(serial),
    ECDSA_WITH_SHA256,
    name('Everbind selftest CA'),
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    name(HOST),
    publicKey,
    der(0xa3, sequence(...extensions())),
  );
  const signature = sign('sha256', toBeSigned, caKey);
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
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

function extension(id: string, value: Uint8Array, critical: boolean): Uint8Array {
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
