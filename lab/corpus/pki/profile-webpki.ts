import { domainToASCII, domainToUnicode } from 'node:url';
import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import { attributeText } from '../../../src/pki/x509/distinguished-name.ts';
import { formatIp, parseIp } from '../../../src/pki/x509/ip-address.ts';
import { EXTENSION, KEY_PURPOSE } from '../../../src/pki/asn1/oids.ts';
import type { Role } from '../../../src/pki/path/chain.ts';
import { describePublicKey } from '../../../src/pki/x509/public-key.ts';

/**
 * How a certificate breaks the CA/B Forum Baseline Requirements (section numbers of version 2) as a client can see it,
 * or null.
 */
export function webpkiProblem(certificate: Certificate, role: Role): string | null {
  for (const rule of RULES[role]) {
    const problem = rule(certificate);
    if (problem !== null) return problem;
  }
  return null;
}

/** Why the web does not use a key that protects well enough otherwise (6.1.5 and 7.1.3.1), or null. */
export function webpkiKeyProblem(spkiDer: Uint8Array): string | null {
  const key = describePublicKey(spkiDer);
  if (key.type === 'ed25519' || key.type === 'ml-dsa') return `${key.type} keys are not used on the web`;
  if (key.type !== 'rsa' && key.type !== 'rsa-pss') return null;
  if (key.bits % 8 !== 0) return `an RSA key of ${key.bits} bits is no whole number of octets`;
  return key.type === 'rsa-pss' ? 'keys for RSASSA-PSS alone are not used on the web' : null;
}

type Rule = (certificate: Certificate) => string | null;

/** 7.1.1. */
const version: Rule = (certificate) =>
  certificate.version === 3 ? null : `it is a version ${certificate.version} certificate`;

/** 7.1.2.1.3 and 7.1.2.11.1: the key identifier and nothing else. */
const authorityKey: Rule = ({ authorityKey: identifier }) => {
  if (identifier === null) return null;
  if (identifier.keyIdentifier === null) return 'its authority key identifier has no key identifier';
  return identifier.issuer === null && identifier.serialHex === null
    ? null
    : 'its authority key identifier names issuer and serial number';
};

/** 7.1.2.1.3: "MUST be identical to the subjectKeyIdentifier field". */
const rootAuthorityKey: Rule = (certificate) =>
  certificate.authorityKeyIdentifier === null ||
  Buffer.compare(certificate.subjectDer, certificate.issuerDer) !== 0 ||
  certificate.authorityKeyIdentifier === certificate.subjectKeyIdentifier
    ? null
    : 'it is a root whose authority key identifier is not its own';

/** 7.1.2.1.2. */
const rootPurpose: Rule = (certificate) =>
  certificate.extendedKeyUsage !== null && Buffer.compare(certificate.subjectDer, certificate.issuerDer) === 0
    ? 'it is a root with an extended key usage'
    : null;

/** 7.1.2.7.8 and 7.1.2.7.11. */
const notAuthority: Rule = (certificate) =>
  certificate.isCa ? 'it is a CA certificate in the place of a server certificate' : null;

/** 7.1.2.7.11, by the kind of key. */
const keyUsage: Rule = (certificate) => {
  const usage = certificate.keyUsage;
  if (usage === null) return null;
  const { type } = describePublicKey(certificate.spkiDer);
  const allowed: readonly string[] =
    type === 'rsa' ? ['digitalSignature', 'keyEncipherment', 'dataEncipherment'] : ['digitalSignature', 'keyAgreement'];
  const odd = [...usage].find((bit) => !allowed.includes(bit));
  if (odd !== undefined) return `its key usage has ${odd}, which a server certificate of this key must not`;
  return type !== 'rsa' && !usage.has('digitalSignature') ? 'its key usage lacks digitalSignature' : null;
};

/** 7.1.2.7.10. */
const purposes: Rule = (certificate) => {
  const list = certificate.extendedKeyUsage;
  if (list === null) return 'it has no extended key usage';
  if (list.includes(KEY_PURPOSE.any)) return 'it is for any extended key usage';
  return certificate.extensions.get(EXTENSION.extendedKeyUsage)?.critical ? 'its extended key usage is critical' : null;
};

/** 7.1.2.7.12. */
const alternativeNames: Rule = (certificate) => {
  const extension = certificate.extensions.get(EXTENSION.subjectAltName);
  if (extension === undefined) return 'it has no alternative names';
  if (extension.critical && certificate.subject.length > 0)
    return 'its alternative names are critical though it has a subject';
  for (const name of certificate.subjectAltNames ?? []) {
    if (name.type === 'ip') continue;
    if (name.type !== 'dns') return `it has an alternative name of the form "${name.type}"`;
    if (/^\*\.[^.]*$/.test(name.value)) return 'it is a wildcard for a whole top-level domain';
    if (name.value.split('.').some(isReservedLabel))
      return `the DNS name ${JSON.stringify(name.value)} has a reserved label`;
  }
  return null;
};

/**
 * 7.1.4.3: at most one, and a character-for-character copy of an alternative name. Judged against the names of its own
 * kind (host, wildcard, address in whatever spelling): where the list has none of that kind, the name is only a label.
 */
const commonName: Rule = (certificate) => {
  const attributes = certificate.subject.flat().filter((attribute) => attribute.oid === '2.5.4.3');
  const [attribute] = attributes;
  if (attribute === undefined) return null;
  if (attributes.length > 1) return 'it has more than one common name';
  const text = attributeText(attribute);
  const kind = kindOf(text);
  const rivals = (certificate.subjectAltNames ?? []).flatMap((name) => {
    if (name.type === 'ip') return kind === 'address' && hasIpLength(name.octets) ? [formatIp(name.octets)] : [];
    return name.type === 'dns' && kindOf(name.value) === kind ? [name.value] : [];
  });
  return rivals.length === 0 || rivals.includes(text) ? null : 'its common name is none of its alternative names';
};

const RULES: Readonly<Record<Role, readonly Rule[]>> = {
  leaf: [version, authorityKey, notAuthority, keyUsage, purposes, alternativeNames, commonName],
  intermediate: [version, authorityKey],
  root: [version, authorityKey, rootAuthorityKey, rootPurpose],
};

/** 1.6.1, RFC 5890 section 2.3.1: hyphens in the third and fourth place stand for A-labels, and those must decode. */
function isReservedLabel(label: string): boolean {
  if (label.slice(2, 4) !== '--') return false;
  return !/^xn--/i.test(label) || domainToUnicode(label.toLowerCase()).startsWith('xn--');
}

function kindOf(text: string): 'address' | 'wildcard' | 'host' {
  if (text.startsWith('*.')) return 'wildcard';
  // URL hosts know the hexadecimal, octal and shortened spellings of IPv4 addresses.
  return parseIp(text) !== null || parseIp(domainToASCII(text)) !== null ? 'address' : 'host';
}

function hasIpLength(octets: Uint8Array): boolean {
  return octets.length === 4 || octets.length === 16;
}
