import { EverbindError } from '../../errors/error.ts';
import { type Certificate, isSelfIssued } from '../x509/certificate.ts';
import {
  children,
  contentOf,
  type DerElement,
  derError,
  finish,
  open,
  readDer,
  TAG,
  take,
  takeOptional,
} from '../asn1/der.ts';
import { readInteger, readOid } from '../asn1/der-values.ts';
import { EXTENSION } from '../asn1/oids.ts';

const ANY_POLICY = '2.5.29.32.0';
const MAX_POLICIES = 1000;

/**
 * Certificate policies along a path (RFC 5280 section 6.1 with RFC 9618), the anchor first, for a verifier that accepts
 * any policy: only the paths that ask for an explicit policy themselves can fail. Returns why, or null.
 */
export function policyProblem(path: readonly Certificate[]): string | null {
  try {
    return walkPath(path);
  } catch (error) {
    if (error instanceof EverbindError) return 'the policy extensions are malformed';
    throw error;
  }
}

function walkPath(path: readonly Certificate[]): string | null {
  const last = path.length - 1;
  let explicitPolicy = path.length;
  let policyMapping = path.length;
  let inhibitAny = path.length;
  // The policies that the next certificate may name; null is the empty graph. Where they came from does not matter when
  // any policy is acceptable.
  let valid: ReadonlySet<string> | null = new Set([ANY_POLICY]);
  for (const [index, certificate] of path.entries()) {
    const selfIssued = isSelfIssued(certificate);
    if (index > 0) {
      const anyCounts = inhibitAny > 0 || (index < last && selfIssued);
      valid = narrow(valid, readPolicies(certificate), anyCounts);
      if (explicitPolicy === 0 && valid === null) return 'an explicit policy is required and there is none';
    }
    const constraints = readPolicyConstraints(certificate);
    if (index === last) {
      if (explicitPolicy > 0) explicitPolicy -= 1;
      if (constraints.requireExplicit === 0) explicitPolicy = 0;
      break;
    }
    const mappings = readMappings(certificate);
    if (mappings.some((mapping) => mapping.includes(ANY_POLICY))) return 'a policy is mapped to or from any policy';
    valid = applyMappings(valid, mappings, policyMapping > 0);
    // The anchor is no certificate of the path: its constraints apply, but it is not counted.
    if (index > 0 && !selfIssued) {
      explicitPolicy = Math.max(0, explicitPolicy - 1);
      policyMapping = Math.max(0, policyMapping - 1);
      inhibitAny = Math.max(0, inhibitAny - 1);
    }
    explicitPolicy = Math.min(explicitPolicy, constraints.requireExplicit ?? explicitPolicy);
    policyMapping = Math.min(policyMapping, constraints.inhibitMapping ?? policyMapping);
    inhibitAny = Math.min(inhibitAny, readInhibitAny(certificate) ?? inhibitAny);
  }
  return explicitPolicy === 0 && valid === null ? 'an explicit policy is required and there is none' : null;
}

function narrow(
  valid: ReadonlySet<string> | null,
  named: ReadonlySet<string> | null,
  anyCounts: boolean,
): ReadonlySet<string> | null {
  if (valid === null || named === null) return null;
  const next = new Set<string>();
  for (const policy of named) {
    if (policy !== ANY_POLICY && (valid.has(policy) || valid.has(ANY_POLICY))) next.add(policy);
  }
  if (named.has(ANY_POLICY) && anyCounts) for (const policy of valid) next.add(policy);
  return next.size === 0 ? null : next;
}

function applyMappings(
  valid: ReadonlySet<string> | null,
  mappings: readonly (readonly [string, string])[],
  allowed: boolean,
): ReadonlySet<string> | null {
  if (valid === null || mappings.length === 0) return valid;
  const mapped = new Set(mappings.map(([from]) => from));
  const next = new Set([...valid].filter((policy) => !mapped.has(policy)));
  for (const [from, to] of allowed ? mappings : []) {
    if (valid.has(from) || valid.has(ANY_POLICY)) next.add(to);
  }
  return next.size === 0 ? null : next;
}

/** RFC 5280 section 4.2.1.4; a policy must not be named twice. */
function readPolicies(certificate: Certificate): ReadonlySet<string> | null {
  const value = certificate.extensions.get(EXTENSION.certificatePolicies)?.value;
  if (value === undefined) return null;
  const policies = new Set<string>();
  for (const entry of nonEmpty(value)) {
    const policy = readOid(take(open(entry), TAG.oid));
    if (policies.has(policy)) throw derError(`policy ${policy} twice`, entry.start);
    policies.add(policy);
  }
  return policies;
}

/** RFC 5280 section 4.2.1.5. */
function readMappings(certificate: Certificate): (readonly [string, string])[] {
  const value = certificate.extensions.get(EXTENSION.policyMappings)?.value;
  if (value === undefined) return [];
  return nonEmpty(value).map((entry) => {
    const cursor = open(entry);
    const pair = [readOid(take(cursor, TAG.oid)), readOid(take(cursor, TAG.oid))] as const;
    finish(cursor);
    return pair;
  });
}

/** RFC 5280 section 4.2.1.11; at least one of the two. */
function readPolicyConstraints(certificate: Certificate): {
  requireExplicit: number | null;
  inhibitMapping: number | null;
} {
  const value = certificate.extensions.get(EXTENSION.policyConstraints)?.value;
  if (value === undefined) return { requireExplicit: null, inhibitMapping: null };
  const cursor = open(readDer(value, value.length));
  const requireExplicit = takeOptional(cursor, 0x80);
  const inhibitMapping = takeOptional(cursor, 0x81);
  finish(cursor);
  if (requireExplicit === null && inhibitMapping === null) throw derError('policy constraints of nothing', 0);
  return {
    requireExplicit: requireExplicit === null ? null : skipCount(contentOf(requireExplicit)),
    inhibitMapping: inhibitMapping === null ? null : skipCount(contentOf(inhibitMapping)),
  };
}

/** RFC 5280 section 4.2.1.14. */
function readInhibitAny(certificate: Certificate): number | null {
  const value = certificate.extensions.get(EXTENSION.inhibitAnyPolicy)?.value;
  return value === undefined ? null : skipCount(readInteger(readDer(value, value.length)));
}

function skipCount(octets: Uint8Array): number {
  const [first] = octets;
  if (first === undefined || first >= 0x80 || octets.length > 4) throw derError('a number of certificates', 0);
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

function nonEmpty(value: Uint8Array): DerElement[] {
  const entries = children(readDer(value, value.length));
  if (entries.length === 0 || entries.length > MAX_POLICIES) throw derError('a list of policies', 0);
  return entries;
}
