import { parseCertificate } from '../pki/x509/certificate.ts';
import { matchesHost } from '../pki/x509/names.ts';
import type { ServedCertificate } from './probe.ts';

export interface ServedFinding {
  readonly code: 'VERIFY_WRONG_LEAF' | 'VERIFY_NAME_MISMATCH' | 'VERIFY_CHAIN_INCOMPLETE' | 'VERIFY_WRONG_CHAIN';
  readonly message: string;
}

/**
 * Compares what a server serves with what was bound: this very leaf, the host among its names ('' = no name was sent),
 * and every certificate of `expected` (leaf first, DER) that visitors need, in order. Roots and further certificates
 * behind the chain do no harm. Null: all well.
 */
export function compareServed(
  served: Pick<ServedCertificate, 'chain'>,
  expected: readonly Uint8Array[],
  host: string,
): ServedFinding | null {
  const [leaf, ...above] = expected;
  const [servedLeaf, ...servedAbove] = served.chain;
  if (leaf === undefined) throw new RangeError('an expected chain has a leaf');
  if (servedLeaf === undefined || !equal(servedLeaf, leaf)) {
    return { code: 'VERIFY_WRONG_LEAF', message: `serves ${describe(servedLeaf)} instead of ${describe(leaf)}` };
  }
  if (host !== '' && !parseCertificate(leaf).identifiers.some((name) => matchesHost(name, host))) {
    return { code: 'VERIFY_NAME_MISMATCH', message: `${describe(leaf)} has no name for ${host}` };
  }
  const needed = above.filter((der) => !isSelfIssued(der));
  const at = needed.findIndex((der, index) => !equal(servedAbove[index], der));
  if (at < 0) return null;
  const missing = needed.filter((der) => !servedAbove.some((other) => equal(other, der)));
  const foreign = servedAbove.find((der) => !above.some((other) => equal(other, der)) && !isSelfIssued(der));
  if (missing.length > 0 && foreign === undefined) {
    return { code: 'VERIFY_CHAIN_INCOMPLETE', message: `serves the chain without ${missing.map(describe).join(', ')}` };
  }
  const reason = foreign === undefined ? 'out of order' : `with ${describe(foreign)} in it`;
  return { code: 'VERIFY_WRONG_CHAIN', message: `serves the chain ${reason}` };
}

function equal(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && left.length === right.length && left.every((octet, index) => octet === right[index]);
}

function describe(der: Uint8Array | undefined): string {
  if (der === undefined) return 'nothing';
  try {
    const { subjectText, identifiers, thumbprint } = parseCertificate(der);
    const name = subjectText === '' ? identifiers.map(({ value }) => value).join(', ') : subjectText;
    return `${JSON.stringify(name.slice(0, 200))} (${thumbprint})`;
  } catch {
    return 'something that is no certificate';
  }
}

// A server may send anything. What cannot be parsed is no root.
function isSelfIssued(der: Uint8Array): boolean {
  try {
    const { subjectDer, issuerDer } = parseCertificate(der);
    return equal(subjectDer, issuerDer);
  } catch {
    return false;
  }
}
