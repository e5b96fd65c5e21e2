import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { subjectAltName } from '../../pki/x509/alt-name-writer.ts';
import { parseCertificate } from '../../pki/x509/certificate.ts';
import { encodeCertificate, extension } from '../../pki/x509/certificate-writer.ts';
import { octetString } from '../../pki/asn1/der-writer.ts';
import { ipVersion, parseIp } from '../../pki/x509/ip-address.ts';
import { EXTENSION } from '../../pki/asn1/oids.ts';
import { toPem } from '../../pki/asn1/pem.ts';
import type { Random } from '../../ports/random.ts';
import type { ChallengeTask } from '../../ports/solver.ts';

/** RFC 8737 section 6.2. */
export const ACME_TLS = 'acme-tls/1';

type KeyAuthorized = Pick<ChallengeTask, 'identifier' | 'keyAuthorization'>;

/** PEM. */
export interface ChallengeCertificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

/**
 * The self-signed certificate that is the challenge response of tls-alpn-01 (RFC 8737 section 3; addresses: RFC 8738
 * section 6), valid for two days around now. Its key is made for it, never leaves this process, and is used for nothing
 * else.
 */
export function challengeCertificate(task: KeyAuthorized, random: Random, now: number): ChallengeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const content = {
    serial,
    // The CA checks the extensions only; a common name has no room for 253 characters.
    issuer: ACME_TLS,
    subject: ACME_TLS,
    notBefore: now - DAY_MS,
    notAfter: now + DAY_MS,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    extensions: [
      extension(EXTENSION.subjectAltName, subjectAltName([task.identifier]), false),
      extension(EXTENSION.acmeIdentifier, acmeIdentifier(task), true),
    ],
  };
  const der = encodeCertificate(content, (toBeSigned) => sign('sha256', toBeSigned, privateKey));
  return {
    cert: toPem('CERTIFICATE', der),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
}

/** Whether a certificate (DER, from any server) is the challenge response to this task, by what a CA compares. */
export function isChallengeCertificate(certificate: Uint8Array, task: KeyAuthorized): boolean {
  try {
    const { extensions, identifiers, subjectAltNames } = parseCertificate(certificate);
    const found = extensions.get(EXTENSION.acmeIdentifier);
    const [only] = identifiers;
    return (
      found?.critical === true &&
      Buffer.from(found.value).equals(acmeIdentifier(task)) &&
      subjectAltNames?.length === 1 &&
      only?.type === task.identifier.type &&
      only.value === task.identifier.value
    );
  } catch (error) {
    if (error instanceof EverbindError) return false;
    throw error;
  }
}

/** What the CA sends as server name: the name, or an address in its reverse form (RFC 8738 section 6). Lower case. */
export function serverName({ identifier }: Pick<ChallengeTask, 'identifier'>): string {
  const octets = identifier.type === 'ip' ? parseIp(identifier.value) : null;
  if (octets === null) return identifier.value.toLowerCase();
  if (ipVersion(identifier.value) === 4) return `${[...octets].toReversed().join('.')}.in-addr.arpa`;
  const nibbles = Array.from(octets, (octet) => [octet >> 4, octet & 15])
    .flat()
    .map((nibble) => nibble.toString(16))
    .toReversed();
  return `${nibbles.join('.')}.ip6.arpa`;
}

/** Authorization ::= OCTET STRING (SIZE (32)) */
function acmeIdentifier({ keyAuthorization }: KeyAuthorized): Uint8Array {
  return octetString(createHash('sha256').update(keyAuthorization).digest());
}
