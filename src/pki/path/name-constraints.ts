import { EverbindError } from '../../errors/error.ts';
import type { Certificate } from '../x509/certificate.ts';
import { readDer } from '../asn1/der.ts';
import { attributeText, type DistinguishedName, readName } from '../x509/distinguished-name.ts';
import type { NameConstraints } from '../x509/extensions.ts';
import { altNameProblem, type GeneralName, parseMailbox } from '../x509/general-name.ts';
import { parseIp } from '../x509/ip-address.ts';
import { dnsNameProblem } from '../x509/names.ts';

/**
 * How many comparisons of names with constraints one validation may make; two lists of thousands would take millions.
 */
export interface ComparisonBudget {
  left: number;
}

/**
 * Why the names of a certificate fall outside the constraints of a CA above it (RFC 5280 section 4.2.1.10), or null. A
 * DNS constraint with a leading period, which many private CAs write, means "subdomains only".
 */
export function nameConstraintProblem(
  certificate: Certificate,
  constraints: NameConstraints,
  budget: ComparisonBudget,
): string | null {
  const names = constrainedNames(certificate);
  for (const [list, subtrees] of Object.entries({ excluded: constraints.excluded, permitted: constraints.permitted })) {
    const forms = Map.groupBy(subtrees ?? [], formOf);
    for (const name of names) {
      const same = forms.get(formOf(name));
      if (same === undefined) continue;
      budget.left -= same.length;
      if (budget.left < 0) return 'there are too many names and name constraints';
      const problem = altNameProblem(name);
      if (problem !== null) return problem;
      const matches = same.map((subtree) => compare(name, subtree, list === 'excluded'));
      const broken = matches.find((match) => typeof match === 'string');
      if (broken !== undefined) return broken;
      if (list === 'excluded' && matches.includes(true)) return `${describe(name)} is excluded by a CA above it`;
      if (list === 'permitted' && !matches.includes(true)) return `${describe(name)} is not permitted by a CA above it`;
    }
  }
  return null;
}

/** Why a subtree of name constraints is malformed on its own, or null. */
export function constraintProblem(subtree: GeneralName): string | null {
  switch (subtree.type) {
    case 'dns':
    case 'uri':
      return isHostConstraint(subtree.value) ? null : malformed(subtree.type, subtree.value);
    case 'email': {
      const usable = isHostConstraint(subtree.value) || parseMailbox(subtree.value) !== null;
      return usable ? null : malformed(subtree.type, subtree.value);
    }
    case 'ip':
      return ipConstraint(subtree.octets) === null ? 'an IP name constraint is malformed' : null;
    case 'directory':
    case 'other':
    case 'unsupported':
      return null;
  }
}

const EMAIL_ATTRIBUTE = '1.2.840.113549.1.9.1';

/** The alternative names, the subject, and addresses in the subject when there is no other email name. */
function constrainedNames(certificate: Certificate): GeneralName[] {
  const names = [...(certificate.subjectAltNames ?? [])];
  if (certificate.subject.length > 0) names.push({ type: 'directory', der: certificate.subjectDer });
  if (!names.some((name) => name.type === 'email')) {
    for (const attribute of certificate.subject.flat()) {
      if (attribute.oid === EMAIL_ATTRIBUTE) names.push({ type: 'email', value: attributeText(attribute) });
    }
  }
  return names;
}

function formOf(name: GeneralName): string {
  return name.type === 'unsupported' ? `tag ${name.tag & 0x1f}` : name.type;
}

/** Whether the name lies in the subtree; a string says why it cannot be decided. */
function compare(name: GeneralName, subtree: GeneralName, excluding: boolean): boolean | string {
  const problem = constraintProblem(subtree);
  if (problem !== null) return problem;
  if (name.type === 'dns' && subtree.type === 'dns') return compareDns(name.value, subtree.value, excluding);
  if (name.type === 'ip' && subtree.type === 'ip') return compareIp(name.octets, subtree.octets);
  if (name.type === 'email' && subtree.type === 'email') return compareEmail(name.value, subtree.value);
  if (name.type === 'uri' && subtree.type === 'uri') return compareUri(name.value, subtree.value);
  if (name.type === 'directory' && subtree.type === 'directory') return compareDirectory(name.der, subtree.der);
  // Whoever does not know how a form is constrained must refuse it.
  return `constraints on names of the form "${formOf(name)}" cannot be checked`;
}

/** A host, also with a leading period, or empty for all hosts. */
function isHostConstraint(subtree: string): boolean {
  const bare = subtree.startsWith('.') ? subtree.slice(1) : subtree;
  return subtree === '' || (!bare.startsWith('*') && dnsNameProblem(bare.toLowerCase()) === null);
}

function malformed(form: 'dns' | 'email' | 'uri', subtree: string): string {
  return `the ${form === 'dns' ? 'DNS' : form} name constraint ${JSON.stringify(subtree)} is malformed`;
}

function compareDns(name: string, subtree: string, excluding: boolean): boolean {
  const [host, constraint] = [name.toLowerCase(), subtree.toLowerCase()];
  if (within(host, constraint)) return true;
  // An excluded host is among those that the wildcard stands for.
  if (!excluding || !host.startsWith('*.')) return false;
  const parent = host.slice(1);
  return constraint.endsWith(parent) && !constraint.slice(0, -parent.length).includes('.');
}

/** Equal to the domain, or below it; a domain with a leading period means below it only. */
function within(host: string, domain: string): boolean {
  if (domain === '') return true;
  if (domain.startsWith('.')) return host.endsWith(domain);
  return host === domain || host.endsWith(`.${domain}`);
}

function ipConstraint(octets: Uint8Array): { network: Uint8Array; mask: Uint8Array } | null {
  if (octets.length !== 8 && octets.length !== 32) return null;
  const half = octets.length / 2;
  const mask = octets.subarray(half);
  // RFC 4632: ones, then zeros.
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? { network: octets.subarray(0, half), mask } : null;
}

function compareIp(address: Uint8Array, subtree: Uint8Array): boolean {
  const constraint = ipConstraint(subtree);
  if (constraint?.network.length !== address.length) return false;
  const { network, mask } = constraint;
  return address.every((octet, index) => ((octet ^ (network[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}

function compareEmail(name: string, subtree: string): boolean | string {
  const mailbox = parseMailbox(name);
  if (mailbox === null) return 'an email address cannot be compared with a name constraint';
  const wanted = subtree.includes('@') ? parseMailbox(subtree) : null;
  if (wanted !== null) return wanted.local === mailbox.local && wanted.host === mailbox.host;
  return compareHost(mailbox.host, subtree);
}

function compareUri(name: string, subtree: string): boolean | string {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(name)?.[1];
  const host = authority?.replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();
  // "MUST be rejected" where the host part is absent or an IP address.
  if (host === undefined || host.startsWith('[') || parseIp(host) !== null || dnsNameProblem(host) !== null) {
    return 'a URI without a host name cannot be compared with a name constraint';
  }
  return compareHost(host, subtree);
}

/** A constraint that is a host means that host; with a leading period, every host below it. */
function compareHost(host: string, subtree: string): boolean {
  const wanted = subtree.toLowerCase();
  return wanted === '' || (wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted);
}

function compareDirectory(name: Uint8Array, subtree: Uint8Array): boolean | string {
  const [full, prefix] = [directoryKeys(name), directoryKeys(subtree)];
  if (full === null || prefix === null) return 'a directory name is malformed';
  return prefix.every((part, index) => part === full[index]);
}

/**
 * The parts in a form that compares equal as RFC 5280 section 7.1 asks: string types, case and runs of blanks do not
 * matter.
 */
function directoryKeys(der: Uint8Array): string[] | null {
  let name: DistinguishedName;
  try {
    name = readName(readDer(der, der.length));
  } catch (error) {
    if (error instanceof EverbindError) return null;
    throw error;
  }
  return name.map((set) =>
    set
      .map(
        (attribute) =>
          `${attribute.oid}=${attributeText(attribute).normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`,
      )
      .sort()
      .join('+'),
  );
}

function describe(name: GeneralName): string {
  return 'value' in name ? JSON.stringify(name.value) : `a name of the form "${formOf(name)}"`;
}
