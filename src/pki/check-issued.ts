import { EverbindError } from '../errors/error.ts';
import { type Certificate, parseCertificate } from './x509/certificate.ts';
import { findPath } from './path/chain.ts';
import { chainError } from './path/chain-problem.ts';
import { canonicalHost, dnsNameProblem, type Identifier, identifierKey } from './x509/names.ts';
import { KEY_PURPOSE } from './asn1/oids.ts';
import { parseIntermediate, parseTrustedRoots } from './path/parse-once.ts';
import { serverPathRules } from './path/path-rules.ts';

/** What a CA sent, and what it was asked for. */
export interface IssuedCheck {
  /** Leaf first, DER. The root may be absent. */
  readonly chain: readonly Uint8Array[];
  /** SubjectPublicKeyInfo of our key, DER. */
  readonly publicKey: Uint8Array;
  /** The names ordered. */
  readonly identifiers: readonly Identifier[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Trusted roots, DER. Pass the same array each time: what was parsed is kept with it. */
  readonly roots: readonly Uint8Array[];
  /** The end of validity that was asked for; the CA may give less, not more. */
  readonly requestedNotAfter?: number;
}

export interface IssuedCertificate {
  /** As it was sent, leaf first. */
  readonly chain: readonly Certificate[];
  readonly leaf: Certificate;
  /** The trusted root that the chain ends in; it may or may not have been sent. */
  readonly root: Certificate;
  /** SHA-1 of the leaf, lower hex. */
  readonly thumbprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Clocks of CA and server may differ by this much, and the CA's "one year" from ours. */
const CLOCK_TOLERANCE = 5 * 60 * 1000;
const REQUEST_TOLERANCE = 60 * 60 * 1000;
const MAX_LIFETIME = 10 * 366 * 24 * 60 * 60 * 1000;
const MAX_CHAIN = 16;

/**
 * Judges a certificate before anything is done with it: our key, exactly the names ordered, valid now and for a sane
 * time, usable for TLS servers, each certificate of the chain certified by the next one, and a valid path to a trusted
 * root. The chain is held to RFC 5280 section 6, not to the finer points of form: a private CA's odd root must not stop
 * a renewal. Throws PKI_CERTIFICATE_INVALID, PKI_ISSUED_KEY_MISMATCH, PKI_ISSUED_NAMES_MISMATCH, PKI_ISSUED_VALIDITY,
 * PKI_ISSUED_KEY_USAGE, PKI_CHAIN_INVALID.
 */
export function checkIssued(check: IssuedCheck): IssuedCertificate {
  if (check.chain.length > MAX_CHAIN) {
    throw new EverbindError('PKI_CERTIFICATE_INVALID', `The CA sent ${check.chain.length} certificates`);
  }
  const chain = check.chain.map((der, index) =>
    index === 0 ? parseCertificate(der) : parseIntermediate(der, check.roots),
  );
  const [leaf] = chain;
  if (leaf === undefined) throw new EverbindError('PKI_CERTIFICATE_INVALID', 'The CA sent no certificate');
  checkKey(chain, leaf, check.publicKey);
  checkNames(leaf, check.identifiers);
  checkValidity(leaf, check);
  checkUsage(leaf);
  checkOrder(chain);
  const path = findPath(
    { leaf, intermediates: chain.slice(1), roots: parseTrustedRoots(check.roots) },
    serverPathRules(Math.max(check.now, leaf.notBefore)),
  );
  const { thumbprint, notBefore, notAfter } = leaf;
  return { chain, leaf, root: path.at(-1) ?? leaf, thumbprint, notBefore, notAfter };
}

function checkKey(chain: readonly Certificate[], leaf: Certificate, publicKey: Uint8Array): void {
  if (Buffer.compare(leaf.spkiDer, publicKey) === 0) return;
  if (chain.some((certificate) => Buffer.compare(certificate.spkiDer, publicKey) === 0)) throw orderError(leaf);
  throw new EverbindError('PKI_ISSUED_KEY_MISMATCH', 'The certificate is for another key', facts(leaf));
}

function checkNames(leaf: Certificate, identifiers: readonly Identifier[]): void {
  const ordered = new Set(identifiers.map(identifierKey));
  const certified = new Set(leaf.identifiers.map(identifierKey));
  const missing = [...ordered].filter((name) => !certified.has(name));
  const extra = [...[...certified].filter((name) => !ordered.has(name)), ...foreignNames(leaf, ordered)];
  if (missing.length === 0 && extra.length === 0) return;
  const parts = [
    missing.length > 0 ? `lacks ${list(missing)}` : '',
    extra.length > 0 ? `has ${list(extra)}, which was not ordered` : '',
  ];
  throw new EverbindError('PKI_ISSUED_NAMES_MISMATCH', `The certificate ${parts.filter(Boolean).join(' and ')}`, {
    ...facts(leaf),
    missing: missing.slice(0, 20),
    extra: extra.slice(0, 20),
  });
}

/** Entries that are no usable DNS name or address, and a common name that reads as a host that was not ordered. */
function foreignNames(leaf: Certificate, ordered: ReadonlySet<string>): string[] {
  const foreign = (leaf.subjectAltNames ?? []).flatMap((name) => {
    if (name.type === 'dns') return dnsNameProblem(name.value.toLowerCase()) === null ? [] : [`dns:${name.value}`];
    if (name.type === 'ip') return name.octets.length === 4 || name.octets.length === 16 ? [] : ['ip:malformed'];
    return [name.type];
  });
  const label = canonicalHost(leaf.subjectCommonName ?? '');
  const isHost = label.includes('.') && dnsNameProblem(label) === null;
  return isHost && !ordered.has(`dns:${label}`) ? [...foreign, `common name ${label}`] : foreign;
}

function checkValidity(leaf: Certificate, { now, requestedNotAfter }: IssuedCheck): void {
  const problem = validityProblem(leaf, now, requestedNotAfter);
  if (problem === null) return;
  throw new EverbindError('PKI_ISSUED_VALIDITY', `The certificate ${problem}`, {
    ...facts(leaf),
    notBefore: new Date(leaf.notBefore).toISOString(),
    notAfter: new Date(leaf.notAfter).toISOString(),
    now: new Date(now).toISOString(),
  });
}

function validityProblem(
  { notBefore, notAfter }: Certificate,
  now: number,
  requested: number | undefined,
): string | null {
  if (notAfter <= notBefore) return 'ends before it begins';
  if (notBefore > now + CLOCK_TOLERANCE) return 'is not valid yet';
  if (notAfter <= now) return 'has expired';
  if (notAfter - notBefore > MAX_LIFETIME) return 'is valid for more than ten years';
  return requested !== undefined && notAfter > requested + REQUEST_TOLERANCE
    ? 'is valid for longer than was asked'
    : null;
}

function checkUsage(leaf: Certificate): void {
  const problem = usageProblem(leaf);
  if (problem !== null) throw new EverbindError('PKI_ISSUED_KEY_USAGE', `The certificate ${problem}`, facts(leaf));
}

/** TLS 1.3 only signs; RSA key transport (TLS 1.2) alone would lock modern clients out. */
function usageProblem({ isCa, keyUsage, extendedKeyUsage }: Certificate): string | null {
  if (isCa) return 'is one of a CA';
  if (keyUsage?.has('keyCertSign')) return 'may issue certificates';
  if (keyUsage !== null && !keyUsage.has('digitalSignature')) return 'does not allow signing handshakes';
  if (extendedKeyUsage === null || extendedKeyUsage.includes(KEY_PURPOSE.any)) return null;
  return extendedKeyUsage.includes(KEY_PURPOSE.serverAuth) ? null : 'is not for TLS servers';
}

/** RFC 8555 section 9.1: each certificate certifies the one before it. The signatures are checked with the path. */
function checkOrder(chain: readonly Certificate[]): void {
  for (const [index, certificate] of chain.entries()) {
    const next = chain[index + 1];
    if (next === undefined) return;
    const [wanted, own] = [certificate.authorityKeyIdentifier, next.subjectKeyIdentifier];
    const sameKey = wanted === null || own === null || wanted === own;
    if (!sameKey || Buffer.compare(certificate.issuerDer, next.subjectDer) !== 0) throw orderError(certificate);
  }
}

function orderError(certificate: Certificate): EverbindError {
  return chainError({
    reason: 'order',
    message: 'the certificate after it in the chain did not issue it',
    certificate,
  });
}

function facts(leaf: Certificate): { fingerprint: string; issuer: string } {
  return { fingerprint: leaf.fingerprint, issuer: leaf.issuerText };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => name.replace(/^(?:dns|ip):/, ''));
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
