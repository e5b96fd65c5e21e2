import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../x509/certificate.ts';
import type { PathFinding } from './chain-problem.ts';
import { importPublicKey, signatureScheme, verifySignature } from '../x509/signature.ts';

/**
 * A hostile chain could demand any number of signature checks: each pair is checked once, and their number is bounded.
 */
export interface SignatureBudget {
  left: number;
  readonly verified: Map<string, PathFinding>;
}

/** Whether the issuer's key signed the subject, with an algorithm that is still safe. */
export function signatureFinding(subject: Certificate, issuer: Certificate, budget: SignatureBudget): PathFinding {
  const key = `${subject.fingerprint} ${issuer.fingerprint}`;
  const known = budget.verified.get(key);
  if (known !== undefined) return known;
  budget.left -= 1;
  if (budget.left < 0) return ['limit', 'finding a path to a root takes too many signature checks'];
  const finding = subject.isCa ? checkOnce(subject, issuer) : check(subject, issuer);
  budget.verified.set(key, finding);
  return finding;
}

/**
 * By subject, then by issuer: the same octets always give the same finding, and a CA sends the same intermediate with
 * every leaf.
 */
const checked = new WeakMap<Certificate, WeakMap<Certificate, PathFinding>>();

function checkOnce(subject: Certificate, issuer: Certificate): PathFinding {
  const known = checked.get(subject)?.get(issuer);
  if (known !== undefined) return known;
  const finding = check(subject, issuer);
  const findings = checked.get(subject) ?? new WeakMap<Certificate, PathFinding>();
  checked.set(subject, findings.set(issuer, finding));
  return finding;
}

const keys = new WeakMap<Certificate, KeyObject | 'unusable'>();

function check(subject: Certificate, issuer: Certificate): PathFinding {
  const scheme = signatureScheme(subject.signatureAlgorithmDer);
  if (scheme === null)
    return ['unsupported-signature', `the signature algorithm ${subject.signatureAlgorithmOid} is not supported`];
  if (scheme.weak) return ['weak-signature', 'it is signed with a hash that can be forged'];
  const key = keyOf(issuer);
  if (key === 'unusable' || !verifySignature(scheme, key, subject.tbsDer, subject.signature)) {
    return ['bad-signature', `its signature is not by ${JSON.stringify(issuer.subjectText)}`];
  }
  return null;
}

/** Importing a key costs as much as verifying with it. */
function keyOf(certificate: Certificate): KeyObject | 'unusable' {
  const known = keys.get(certificate);
  if (known !== undefined) return known;
  const key = importPublicKey(certificate.spkiDer) ?? 'unusable';
  keys.set(certificate, key);
  return key;
}
