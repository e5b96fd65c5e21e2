import { EverbindError } from '../errors/error.ts';
import { type Certificate, parseCertificate } from './x509/certificate.ts';
import { CLOCK_TOLERANCE, clockProblem } from './clock-lead.ts';
import { findPath } from './path/chain.ts';
import { keptChain } from './path/kept-chain.ts';
import { commonNames } from './x509/distinguished-name.ts';
import { ipVersion } from './x509/ip-address.ts';
import { canonicalHost, dnsNameProblem, type Identifier, identifierKey } from './x509/names.ts';
import { KEY_PURPOSE } from './asn1/oids.ts';
import { parseIntermediate, parseTrustedRoots } from './path/parse-once.ts';
import { serverPathRules } from './path/path-rules.ts';

/** What a CA sent, and what it was asked for. */
export interface IssuedCheck {
  /** DER, in any order. The root may be absent. */
  readonly chain: readonly Uint8Array[];
  /** SubjectPublicKeyInfo of our key, DER. */
  readonly publicKey: Uint8Array;
  /** The names ordered. */
  readonly identifiers: readonly Identifier[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far the CA's clock is ahead of ours, milliseconds; null: it did not say. */
  readonly clockLead: number | null;
  /** Trusted roots, DER. Pass the same array each time: what was parsed is kept with it. */
  readonly roots: readonly Uint8Array[];
  /** The end of validity that was asked for; the CA may give less, not more. */
  readonly requestedNotAfter?: number;
}

export interface IssuedCertificate {
  /** The path that was found, leaf first, without a self-signed root: what is installed and served. */
  readonly chain: readonly Certificate[];
  readonly leaf: Certificate;
  /** The trusted root that the path ends in; it may or may not have been sent. */
  readonly root: Certificate;
  /** SHA-1 of the leaf, lower hex. */
  readonly thumbprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The CA's "one year" may differ from ours by this much. */
const REQUEST_TOLERANCE = 60 * 60 * 1000;
const MAX_LIFETIME = 10 * 366 * 24 * 60 * 60 * 1000;
const MAX_CHAIN = 16;

/**
 * Judges a certificate before anything is done with it: our key, exactly the names ordered, valid now and for a sane
 * time, usable for TLS servers, and a valid path to a trusted root. The leaf is the certificate with our key, and the
 * others may come in any order, twice, and with some that lead nowhere (RFC 8555 section 9.1 has the leaf first, which
 * the key makes needless, and the order as a SHOULD): a good certificate is not refused for its company. The path is
 * held to RFC 5280 section 6, not to the finer points of form: a private CA's odd root must not stop a renewal. Throws
 * PKI_CERTIFICATE_INVALID, PKI_ISSUED_KEY_MISMATCH, PKI_ISSUED_NAMES_MISMATCH, PKI_ISSUED_VALIDITY, PKI_CLOCK_WRONG,
 * PKI_ISSUED_KEY_USAGE, PKI_CHAIN_INVALID. Where the reason may lie on this machine the error means `recheck`.
 */
export function checkIssued(check: IssuedCheck): IssuedCertificate {
  const { leaf, intermediates } = leafAndOthers(check);
  checkNames(leaf, check.identifiers);
  checkValidity(leaf, check);
  checkUsage(leaf);
  const candidates = { leaf, intermediates, roots: parseTrustedRoots(check.roots) };
  const rules = serverPathRules(Math.max(check.now, leaf.notBefore));
  const path = findPath(candidates, rules);
  const { thumbprint, notBefore, notAfter } = leaf;
  const chain = keptChain(path, candidates, rules);
  return { chain, leaf, root: path.at(-1) ?? leaf, thumbprint, notBefore, notAfter };
}

/** The certificate with our key, and the others that can be parsed, each once. */
function leafAndOthers({ chain, publicKey, roots }: IssuedCheck): {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
} {
  if (chain.length === 0) throw new EverbindError('PKI_CERTIFICATE_INVALID', 'The CA sent no certificate');
  if (chain.length > MAX_CHAIN) {
    throw new EverbindError('PKI_CERTIFICATE_INVALID', `The CA sent ${chain.length} certificates`);
  }
  const parsed = new Map<string, Certificate>();
  let unreadable: EverbindError | null = null;
  for (const [index, der] of chain.entries()) {
    try {
      const certificate = index === 0 ? parseCertificate(der) : parseIntermediate(der, roots);
      if (!parsed.has(certificate.fingerprint)) parsed.set(certificate.fingerprint, certificate);
    } catch (error) {
      if (!(error instanceof EverbindError)) throw error;
      unreadable ??= error;
    }
  }
  const sent = [...parsed.values()];
  const leaf = sent.find(({ spkiDer }) => Buffer.compare(spkiDer, publicKey) === 0);
  if (leaf !== undefined) return { leaf, intermediates: sent.filter((certificate) => certificate !== leaf) };
  const [first] = sent;
  if (unreadable !== null || first === undefined) {
    throw unreadable ?? new EverbindError('PKI_CERTIFICATE_INVALID', 'The CA sent no certificate');
  }
  throw new EverbindError('PKI_ISSUED_KEY_MISMATCH', 'The certificate is for another key', facts(first));
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

/**
 * Entries that are no usable DNS name or address, and common names that read as a host or address that was not ordered.
 * A name may have several, and clients that still look at them differ in which one they take: RFC 6125 section 6.4.4
 * has the most specific one, the Baseline Requirements (section 7.1.4.3) only one, of the names certified.
 */
function foreignNames(leaf: Certificate, ordered: ReadonlySet<string>): string[] {
  const foreign = (leaf.subjectAltNames ?? []).flatMap((name) => {
    if (name.type === 'dns') return dnsNameProblem(name.value.toLowerCase()) === null ? [] : [`dns:${name.value}`];
    if (name.type === 'ip') return name.octets.length === 4 || name.octets.length === 16 ? [] : ['ip:malformed'];
    return [name.type];
  });
  const others = commonNames(leaf.subject)
    .map(canonicalHost)
    .filter((label) => {
      if (ipVersion(label) !== 0) return !ordered.has(`ip:${label}`);
      return label.includes('.') && dnsNameProblem(label) === null && !ordered.has(`dns:${label}`);
    });
  return [...foreign, ...others.map((label) => `common name ${label}`)];
}

function checkValidity(leaf: Certificate, { now, clockLead, requestedNotAfter }: IssuedCheck): void {
  const lifetime = lifetimeProblem(leaf, requestedNotAfter);
  const problem = lifetime ?? timeProblem(leaf, now);
  if (problem === null) return;
  const details = {
    ...facts(leaf),
    notBefore: new Date(leaf.notBefore).toISOString(),
    notAfter: new Date(leaf.notAfter).toISOString(),
    now: new Date(now).toISOString(),
  };
  const isEarly = problem === NOT_YET;
  const recheck = {
    meaning: { resume: 'recheck' as const },
    // From then on it is valid by this clock, too.
    ...(isEarly ? { retryWithinMs: leaf.notBefore - CLOCK_TOLERANCE - now } : {}),
  };
  const isGoodThere = lifetime === null && clockLead !== null && timeProblem(leaf, now + clockLead) === null;
  const wrong = isGoodThere ? clockProblem(clockLead) : null;
  if (wrong !== null) {
    const message = `The certificate ${problem} here: ${wrong}`;
    throw new EverbindError('PKI_CLOCK_WRONG', message, details, { facts: recheck });
  }
  const mayHeal = isEarly || (problem === EXPIRED && clockLead === null);
  throw new EverbindError('PKI_ISSUED_VALIDITY', `The certificate ${problem}`, details, {
    facts: mayHeal ? recheck : {},
  });
}

const NOT_YET = 'is not valid yet';
const EXPIRED = 'has expired';

/** Whatever the time is. */
function lifetimeProblem({ notBefore, notAfter }: Certificate, requested: number | undefined): string | null {
  if (notAfter <= notBefore) return 'ends before it begins';
  if (notAfter - notBefore > MAX_LIFETIME) return 'is valid for more than ten years';
  return requested !== undefined && notAfter > requested + REQUEST_TOLERANCE
    ? 'is valid for longer than was asked'
    : null;
}

function timeProblem({ notBefore, notAfter }: Certificate, now: number): typeof NOT_YET | typeof EXPIRED | null {
  if (notBefore > now + CLOCK_TOLERANCE) return NOT_YET;
  return notAfter <= now ? EXPIRED : null;
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

function facts(leaf: Certificate): { fingerprint: string; issuer: string } {
  return { fingerprint: leaf.fingerprint, issuer: leaf.issuerText };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => name.replace(/^(?:dns|ip):/, ''));
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
