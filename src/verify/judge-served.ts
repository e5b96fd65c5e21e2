import { EverbindError } from '../errors/error.ts';
import { findPath } from '../pki/path/chain.ts';
import { parseReadable, parseTrustedRoots } from '../pki/path/parse-once.ts';
import { serverPathRules } from '../pki/path/path-rules.ts';
import { type Certificate, isSelfIssued, parseCertificate } from '../pki/x509/certificate.ts';
import { matchesHost } from '../pki/x509/names.ts';
import type { EndpointFinding } from '../ports/deployment.ts';
import type { ServedCertificate } from './probe.ts';

/** What a path may end in, and when. */
export interface ChainTrust {
  /** Roots that visitors know, DER. Pass the same array each time: what was parsed is kept with it. */
  readonly visitors: readonly Uint8Array[];
  /** Roots that this machine trusts, DER. Windows builds paths to them. */
  readonly machine: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A fault: visitors do not get the certificate, or cannot trust it. Otherwise they do, with what is to be known. */
export type ServedVerdict =
  | {
      readonly fault: {
        readonly code: 'VERIFY_WRONG_LEAF' | 'VERIFY_NAME_MISMATCH' | 'VERIFY_UNTRUSTED_CHAIN';
        readonly message: string;
      };
    }
  | { readonly findings: readonly EndpointFinding[] };

/** A server may send anything; SChannel sends a handful. */
const MOST_SERVED = 20;

/**
 * Judges what a server sends as a visitor does who asked for `host` ('' = no name was sent): is it the leaf of `issued`
 * (leaf first, DER: the path that was accepted of what the CA sent), is the host among its names, and does what is sent
 * lead to a trusted root? Windows sends the chain that it builds itself, so another chain than the CA's is no fault.
 * `trust` is asked only then.
 */
export async function judgeServed(
  { chain }: Pick<ServedCertificate, 'chain'>,
  issued: readonly Uint8Array[],
  host: string,
  trust: () => Promise<ChainTrust>,
): Promise<ServedVerdict> {
  const [leafDer, ...issuedAbove] = issued;
  const [servedLeaf, ...servedAbove] = chain.slice(0, MOST_SERVED);
  if (leafDer === undefined) throw new RangeError('an issued chain has a leaf');
  const leaf = parseCertificate(leafDer);
  if (servedLeaf === undefined || !equal(servedLeaf, leafDer)) {
    const message = `serves ${describeServed(servedLeaf)} instead of ${describe(leaf)}`;
    return { fault: { code: 'VERIFY_WRONG_LEAF', message } };
  }
  if (host !== '' && !leaf.identifiers.some((name) => matchesHost(name, host))) {
    return { fault: { code: 'VERIFY_NAME_MISMATCH', message: `${describe(leaf)} has no name for ${host}` } };
  }
  const above = parseReadable(issuedAbove);
  const needed = above.filter((certificate) => !isSelfIssued(certificate));
  if (needed.every(({ der }, index) => equal(servedAbove[index], der))) return { findings: [] };
  return judgeChain(leaf, parseReadable(servedAbove), above, await trust());
}

/**
 * Judges another chain than the one that the CA sent. The root that the CA's chain was accepted with is one that
 * visitors know: a private CA of this organization may be nowhere but in the machine's stores.
 */
function judgeChain(
  leaf: Certificate,
  sent: readonly Certificate[],
  issued: readonly Certificate[],
  { visitors, machine, now }: ChainTrust,
): ServedVerdict {
  // Clocks of CA and server may differ.
  const rules = serverPathRules(Math.max(now, leaf.notBefore));
  const search = (
    intermediates: readonly Certificate[],
    roots: readonly Certificate[],
  ): readonly Certificate[] | string => {
    try {
      return findPath({ leaf, intermediates, roots }, rules);
    } catch (error) {
      if (error instanceof EverbindError) return error.message;
      throw error;
    }
  };
  // Windows trusts a certificate of Root only when it is self-signed.
  const local = parseTrustedRoots(machine).filter(isSelfIssued);
  const known = parseTrustedRoots(visitors);
  const accepted = [known, local].map((roots) => search(issued, roots)).find((path) => typeof path !== 'string');
  const trusted = [...known, ...(accepted?.slice(-1) ?? [])];

  const alone = search(sent, trusted);
  if (typeof alone !== 'string') return { findings: [otherPath(alone)] };
  const onlyHere = search(sent, local);
  if (typeof onlyHere !== 'string') return { findings: [localRoot(onlyHere)] };
  const completed = search([...sent, ...issued], trusted);
  if (typeof completed !== 'string') return { findings: [incomplete(completed, sent)] };
  return {
    fault: {
      code: 'VERIFY_UNTRUSTED_CHAIN',
      message: `serves ${describe(leaf)} with a chain that leads to no trusted root, even with the certificates that the CA sent: ${completed}`,
    },
  };
}

const AGAIN = 'then run everbind renew NAME --force: Windows keeps a chain until the record is written again';

function otherPath(path: readonly Certificate[]): EndpointFinding {
  const message = `Windows sends another chain than the CA; it leads to ${describeLast(path)}, which visitors know`;
  return { kind: 'note', code: 'chain-other-path', message };
}

function localRoot(path: readonly Certificate[]): EndpointFinding {
  const message = `Windows sends a chain to ${describeLast(path)}, which this machine trusts and visitors may not know. Disable or remove it in LocalMachine\\Root, ${AGAIN}`;
  return { kind: 'finding', code: 'chain-local-root', message };
}

function incomplete(path: readonly Certificate[], sent: readonly Certificate[]): EndpointFinding {
  const missing = path.slice(1, -1).filter(({ der }) => !sent.some((one) => equal(one.der, der)));
  const them = missing.length > 1 ? 'them' : 'it';
  const message = `Windows sends the chain without ${missing.map(describe).join(' and ')}: clients that do not fetch or already know ${them} fail. Put ${them} into LocalMachine\\CA, or let this machine fetch certificates of CAs (outbound http), ${AGAIN}`;
  return { kind: 'finding', code: 'chain-incomplete', message };
}

function describeLast(path: readonly Certificate[]): string {
  const last = path.at(-1);
  return last === undefined ? 'nothing' : describe(last);
}

function describe({ subjectText, identifiers, thumbprint }: Certificate): string {
  const name = subjectText === '' ? identifiers.map(({ value }) => value).join(', ') : subjectText;
  return `${JSON.stringify(name.slice(0, 200))} (${thumbprint})`;
}

function describeServed(der: Uint8Array | undefined): string {
  if (der === undefined) return 'nothing';
  const [certificate] = parseReadable([der]);
  return certificate === undefined ? 'something that is no certificate' : describe(certificate);
}

function equal(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && Buffer.compare(left, right) === 0;
}
