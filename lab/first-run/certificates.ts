import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { TAG } from '../../src/pki/asn1/der.ts';
import { boolean, der, octetString, oid, sequence } from '../../src/pki/asn1/der-writer.ts';
import { EXTENSION, KEY_PURPOSE } from '../../src/pki/asn1/oids.ts';
import { subjectAltName } from '../../src/pki/x509/alt-name-writer.ts';
import { encodeCertificate, extension } from '../../src/pki/x509/certificate-writer.ts';
import type { Random } from '../../src/ports/random.ts';
import { PREFIX } from './own-names.ts';

// Certificates for two days, from authorities whose keys live in memory as long as the run.

const DAY_MS = 86_400_000;
const AUTHORITY_INFORMATION = '1.3.6.1.5.5.7.1.1';
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';

export interface Authority {
  readonly name: string;
  readonly der: Uint8Array;
  /** SHA-1, lower-case hex. */
  readonly thumbprint: string;
  readonly key: KeyObject;
  readonly publicKey: Uint8Array;
}

export interface Leaf {
  readonly der: Uint8Array;
  readonly thumbprint: string;
}

/** An authority, certified by another one or by itself. With `like` it has the name and the key of that one. */
export function makeAuthority(
  random: Random,
  now: number,
  label: string,
  options: { readonly issuer?: Authority; readonly like?: Authority } = {},
): Authority {
  const { issuer, like } = options;
  const pair = like === undefined ? newKey('ec-p256') : { key: like.key, publicKey: like.publicKey };
  const name = like?.name ?? `${PREFIX} ${label}`;
  const encoded = encode(random, now, {
    subject: name,
    publicKey: pair.publicKey,
    issuer: issuer ?? { name, key: pair.key, publicKey: pair.publicKey },
    extensions: [
      extension(EXTENSION.basicConstraints, sequence(boolean(true)), true),
      extension(EXTENSION.keyUsage, der(TAG.bitString, Uint8Array.of(1, 0x06)), true),
    ],
  });
  return { name, der: encoded, thumbprint: sha1(encoded), ...pair };
}

/** A certificate of a server for these DNS names. `issuerAt`: the address in it for its issuer's certificate. */
export function makeLeaf(
  random: Random,
  now: number,
  issuer: Authority,
  leaf: { readonly hosts: readonly string[]; readonly publicKey: Uint8Array; readonly issuerAt?: string },
): Leaf {
  const identifiers = leaf.hosts.map((value) => ({ type: 'dns' as const, value }));
  const encoded = encode(random, now, {
    subject: `${PREFIX} leaf`,
    publicKey: leaf.publicKey,
    issuer,
    extensions: [
      extension(EXTENSION.basicConstraints, sequence(), true),
      // digitalSignature and keyEncipherment, as certificates for RSA keys often have.
      extension(EXTENSION.keyUsage, der(TAG.bitString, Uint8Array.of(5, 0xa0)), true),
      extension(EXTENSION.extendedKeyUsage, sequence(oid(KEY_PURPOSE.serverAuth)), false),
      extension(EXTENSION.subjectAltName, subjectAltName(identifiers), false),
      ...(leaf.issuerAt === undefined ? [] : [extension(AUTHORITY_INFORMATION, caIssuers(leaf.issuerAt), false)]),
    ],
  });
  return { der: encoded, thumbprint: sha1(encoded) };
}

export interface KeyPair {
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

export function newKey(algorithm: 'ec-p256' | 'rsa-2048'): KeyPair {
  const { privateKey, publicKey } =
    algorithm === 'ec-p256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { key: privateKey, publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) };
}

export function sha1(octets: Uint8Array): string {
  return createHash('sha1').update(octets).digest('hex');
}

function encode(
  random: Random,
  now: number,
  content: {
    readonly subject: string;
    readonly publicKey: Uint8Array;
    readonly issuer: Pick<Authority, 'name' | 'key' | 'publicKey'>;
    readonly extensions: readonly Uint8Array[];
  },
): Uint8Array {
  const { subject, publicKey, issuer, extensions } = content;
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const identified = [
    ...extensions,
    extension(EXTENSION.subjectKeyIdentifier, octetString(keyId(publicKey)), false),
    extension(EXTENSION.authorityKeyIdentifier, sequence(der(0x80, keyId(issuer.publicKey))), false),
  ];
  return encodeCertificate(
    {
      serial,
      issuer: issuer.name,
      subject,
      notBefore: now - DAY_MS,
      notAfter: now + DAY_MS,
      publicKey,
      extensions: identified,
    },
    (toBeSigned) => sign('sha256', toBeSigned, issuer.key),
  );
}

// RFC 7093 section 2 allows any hash of the key.
function keyId(publicKey: Uint8Array): Uint8Array {
  return Buffer.from(sha1(publicKey), 'hex');
}

function caIssuers(url: string): Uint8Array {
  return sequence(sequence(oid(CA_ISSUERS), der(0x86, Buffer.from(url, 'latin1'))));
}
