import { type Certificate, isSelfIssued } from '../../../src/pki/x509/certificate.ts';
import { altNameProblem } from '../../../src/pki/x509/general-name.ts';
import { constraintProblem } from '../../../src/pki/path/name-constraints.ts';
import { malformedExtension } from './extension-syntax.ts';
import { EXTENSION } from '../../../src/pki/asn1/oids.ts';
import type { Role } from '../../../src/pki/path/chain.ts';
import { describePublicKey } from '../../../src/pki/x509/public-key.ts';

/**
 * How a certificate breaks the form of RFC 5280 section 4, or null. The rules are those that other validators check as
 * well.
 */
export function rfc5280Problem(certificate: Certificate, role: Role): string | null {
  for (const rule of RULES) {
    const problem = rule(certificate, role);
    if (problem !== null) return problem;
  }
  return null;
}

type Rule = (certificate: Certificate, role: Role) => string | null;

const critical = (certificate: Certificate, oid: string): boolean => certificate.extensions.get(oid)?.critical ?? false;
const has = (certificate: Certificate, oid: string): boolean => certificate.extensions.has(oid);

/** Section 4.1.2.2: positive, at most 20 octets. Roots in wide use have the number 0. */
const serial: Rule = ({ serialHex }, role) => {
  if (role === 'root') return null;
  if (serialHex.length > 40) return 'its serial number is longer than 20 octets';
  return /^0*$/.test(serialHex) || Number.parseInt(serialHex.slice(0, 2), 16) >= 0x80
    ? 'its serial number is not positive'
    : null;
};

/** Sections 4.1.2.4 and 4.1.2.6. */
const names: Rule = (certificate) => {
  if (certificate.issuer.length === 0) return 'its issuer is empty';
  return certificate.isCa && certificate.subject.length === 0
    ? 'it is a CA certificate and its subject is empty'
    : null;
};

/** Section 4.1.2.5. */
const validity: Rule = (certificate) => {
  if (!certificate.validityCanonical) return 'its validity is not encoded as it must be before 2050';
  return certificate.notBefore > certificate.notAfter ? 'its validity ends before it begins' : null;
};

/** Section 4.2.1.1: only a self-signed certificate may do without. */
const authorityKey: Rule = (certificate) => {
  const identifier = certificate.authorityKey;
  if (critical(certificate, EXTENSION.authorityKeyIdentifier)) return 'its authority key identifier is critical';
  if (identifier !== null && (identifier.issuer === null) !== (identifier.serialHex === null)) {
    return 'its authority key identifier names an issuer without a serial number, or the other way round';
  }
  if (identifier === null) return isSelfIssued(certificate) ? null : 'it has no authority key identifier';
  return identifier.keyIdentifier === null ? 'its authority key identifier has no key identifier' : null;
};

/** Section 4.2.1.2. */
const subjectKey: Rule = (certificate) => {
  if (critical(certificate, EXTENSION.subjectKeyIdentifier)) return 'its subject key identifier is critical';
  return certificate.isCa && certificate.subjectKeyIdentifier === null
    ? 'it is a CA certificate without a subject key identifier'
    : null;
};

/** Sections 4.2.1.3 and 4.2.1.9. */
const authority: Rule = (certificate) => {
  const { basicConstraints, keyUsage, isCa } = certificate;
  if (keyUsage?.size === 0) return 'its key usage is empty';
  if (isCa && !critical(certificate, EXTENSION.basicConstraints))
    return 'it is a CA certificate with uncritical basic constraints';
  if (!isCa && keyUsage?.has('keyCertSign')) return 'it may issue certificates but is no CA certificate';
  if (basicConstraints === null || basicConstraints.pathLength === null) return null;
  if (!isCa) return 'it has a path length but is no CA certificate';
  return keyUsage !== null && !keyUsage.has('keyCertSign')
    ? 'it has a path length but may not issue certificates'
    : null;
};

/** Section 4.2.1.6. */
const alternativeNames: Rule = (certificate, role) => {
  const list = certificate.subjectAltNames;
  if (certificate.subject.length === 0 && (list === null || !critical(certificate, EXTENSION.subjectAltName))) {
    return 'its subject is empty and it has no critical alternative names';
  }
  // A CA's own names matter only to the constraints above it, which judge them on their own.
  for (const name of role === 'leaf' ? (list ?? []) : []) {
    const problem = altNameProblem(name);
    if (problem !== null) return problem;
  }
  return null;
};

/** Section 4.2.1.10; the criticality is in `nameConstraintsUncritical`, since the web's rules leave it open. */
const nameConstraints: Rule = (certificate) => {
  if (certificate.nameConstraints === null) return null;
  if (!certificate.isCa) return 'it has name constraints but is no CA certificate';
  const { permitted, excluded } = certificate.nameConstraints;
  for (const subtree of [...(permitted ?? []), ...(excluded ?? [])]) {
    // Many private CAs write it; it is a form of constraints on URIs.
    if (subtree.type === 'dns' && subtree.value.startsWith('.')) return 'a DNS name constraint has a leading period';
    const problem = constraintProblem(subtree);
    if (problem !== null) return problem;
  }
  return null;
};

/** Sections 4.2.1.5, 4.2.1.11 and 4.2.1.14. */
const policies: Rule = (certificate) => {
  for (const oid of [EXTENSION.policyConstraints, EXTENSION.inhibitAnyPolicy]) {
    if (has(certificate, oid) && !critical(certificate, oid)) return 'its policy constraints are uncritical';
  }
  const onlyForCas = [EXTENSION.policyMappings, EXTENSION.policyConstraints, EXTENSION.inhibitAnyPolicy];
  return !certificate.isCa && onlyForCas.some((oid) => has(certificate, oid))
    ? 'it has policy extensions for CA certificates but is none'
    : null;
};

/** Section 4.2: extensions that nothing here acts upon. */
const syntax: Rule = (certificate) => {
  const oid = malformedExtension(certificate);
  return oid === null ? null : `its extension ${oid} is malformed`;
};

/** RFC 8410 section 5 with RFC 9295, and RFC 9881 section 5: keys that can only sign. */
const signingKey: Rule = (certificate) => {
  const { type } = describePublicKey(certificate.spkiDer);
  if (type !== 'ed25519' && type !== 'ml-dsa') return null;
  const odd = [...(certificate.keyUsage ?? [])].find((usage) => !SIGNING.has(usage));
  return odd === undefined ? null : `its key usage has ${odd}, which a key that only signs must not`;
};

const SIGNING: ReadonlySet<string> = new Set(['digitalSignature', 'nonRepudiation', 'keyCertSign', 'cRLSign']);

const RULES: readonly Rule[] = [
  serial,
  names,
  validity,
  authorityKey,
  subjectKey,
  authority,
  alternativeNames,
  nameConstraints,
  policies,
  syntax,
  signingKey,
];

/** Section 4.2.1.10: "Conforming CAs MUST mark this extension as critical". */
export function nameConstraintsUncritical(certificate: Certificate): boolean {
  return certificate.nameConstraints !== null && !critical(certificate, EXTENSION.nameConstraints);
}
