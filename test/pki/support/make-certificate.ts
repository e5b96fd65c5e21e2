import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  der,
  nothing,
  octetString,
  oid,
  sequence,
  unsignedInteger,
} from '../../../src/pki/asn1/der-writer.ts';
import { parseIp } from '../../../src/pki/x509/ip-address.ts';

// Certificates of any shape, right or wrong, for tests.

export interface TestKey {
  readonly spki: Uint8Array;
  readonly privateKey: KeyObject;
  /** SHA-1 of the SubjectPublicKeyInfo. */
  readonly id: Uint8Array;
}

export type TestKeyKind = 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'rsa-1024' | 'rsa-2048' | 'ed25519' | 'ml-dsa-44';

export function makeKey(kind: TestKeyKind = 'P-256'): TestKey {
  const { publicKey, privateKey } = generate(kind);
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return { spki, privateKey, id: hash('sha1', spki, 'buffer') };
}

function generate(kind: TestKeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ml-dsa-44') return generateKeyPairSync('ml-dsa-44');
  if (kind.startsWith('rsa-')) return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) });
  return generateKeyPairSync('ec', { namedCurve: kind });
}

export interface TestExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

export interface TestCertificate {
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly key: TestKey;
  readonly signer: TestKey;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly serial?: readonly number[];
  readonly version?: number;
  readonly extensions?: readonly TestExtension[];
  /** Signature algorithm inside the signed part and outside. */
  readonly algorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly hash?: string | null;
}

const ecdsaSha256 = sequence(oid('1.2.840.10045.4.3.2'));

/** Times are UTCTime or GeneralizedTime texts without the Z: `250101000000`. */
export function makeCertificate(certificate: TestCertificate): Uint8Array {
  const { key, signer, subject = name('Subject'), issuer = name('Issuer'), version = 3 } = certificate;
  const algorithm = certificate.algorithm ?? algorithmOf(signer);
  const fields = [
    ...(version === 1 ? [] : [der(0xa0, unsignedInteger(Uint8Array.of(version - 1)))]),
    der(0x02, Uint8Array.from(certificate.serial ?? [0x12, 0x34, 0x56])),
    algorithm,
    issuer,
    sequence(time(certificate.notBefore ?? '200101000000'), time(certificate.notAfter ?? '400101000000')),
    subject,
    key.spki,
    ...(certificate.extensions === undefined ? [] : [der(0xa3, sequence(...certificate.extensions.map(encode)))]),
  ];
  const tbs = sequence(...fields);
  const digest = certificate.hash === undefined ? (isKeyBound(signer) ? null : 'sha256') : certificate.hash;
  return sequence(tbs, certificate.outerAlgorithm ?? algorithm, bitString(sign(digest, tbs, signer.privateKey)));
}

function isKeyBound({ privateKey }: TestKey): boolean {
  return privateKey.asymmetricKeyType !== 'ec' && privateKey.asymmetricKeyType !== 'rsa';
}

export function algorithmOf({ privateKey }: TestKey): Uint8Array {
  const type = privateKey.asymmetricKeyType;
  if (type === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), nothing());
  if (type === 'ed25519') return sequence(oid('1.3.101.112'));
  return type === 'ml-dsa-44' ? sequence(oid('2.16.840.1.101.3.4.3.17')) : ecdsaSha256;
}

function encode(extension: TestExtension): Uint8Array {
  const parts = [oid(extension.oid), ...(extension.critical ? [boolean(true)] : []), octetString(extension.value)];
  return sequence(...parts);
}

export function time(text: string): Uint8Array {
  return der(text.length === 12 ? 0x17 : 0x18, Buffer.from(`${text}Z`, 'latin1'));
}

/** A Name with one common name; the empty Name for the empty text. */
export function name(commonName: string): Uint8Array {
  return commonName === '' ? sequence() : sequence(attribute('2.5.4.3', commonName));
}

export function attribute(type: string, value: string, tag = 0x0c): Uint8Array {
  return der(0x31, sequence(oid(type), der(tag, Buffer.from(value, 'utf8'))));
}

export function dns(value: string): Uint8Array {
  return der(0x82, Buffer.from(value, 'latin1'));
}

export function email(value: string): Uint8Array {
  return der(0x81, Buffer.from(value, 'latin1'));
}

export function uri(value: string): Uint8Array {
  return der(0x86, Buffer.from(value, 'latin1'));
}

/** An address, or `address/mask` as name constraints have it. */
export function ip(value: string): Uint8Array {
  return der(0x87, ...value.split('/').map((part) => parseIp(part) ?? Buffer.from(part, 'hex')));
}

export function directory(distinguishedName: Uint8Array): Uint8Array {
  return der(0xa4, distinguishedName);
}

export function otherName(): Uint8Array {
  return der(0xa0, oid('1.2.3.4'), der(0xa0, octetString(Uint8Array.of(1))));
}

export function san(...names: readonly Uint8Array[]): TestExtension {
  return { oid: '2.5.29.17', value: sequence(...names) };
}

export function basicConstraints(pathLength?: number, critical = true): TestExtension {
  const length = pathLength === undefined ? [] : [unsignedInteger(Uint8Array.of(pathLength))];
  return { oid: '2.5.29.19', critical, value: sequence(boolean(true), ...length) };
}

/** Bit numbers of RFC 5280 section 4.2.1.3: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
export function keyUsage(...bits: readonly number[]): TestExtension {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = octet === 0 ? 0 : 31 - Math.clz32(octet & -octet);
  return { oid: '2.5.29.15', critical: true, value: der(0x03, Uint8Array.of(unused, octet)) };
}

export function extendedKeyUsage(...purposes: readonly string[]): TestExtension {
  return { oid: '2.5.29.37', value: sequence(...purposes.map(oid)) };
}

export function subjectKeyId(key: TestKey): TestExtension {
  return { oid: '2.5.29.14', value: octetString(key.id) };
}

export function authorityKeyId(key: TestKey): TestExtension {
  return { oid: '2.5.29.35', value: sequence(der(0x80, key.id)) };
}

export function nameConstraints(permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []): TestExtension {
  const list = (tag: number, names: readonly Uint8Array[]): Uint8Array[] =>
    names.length === 0 ? [] : [der(tag, ...names.map((base) => sequence(base)))];
  return { oid: '2.5.29.30', critical: true, value: sequence(...list(0xa0, permitted), ...list(0xa1, excluded)) };
}

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
