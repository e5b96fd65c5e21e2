import type { EverbindError } from '../errors/error.ts';

/** What each finding means: whether a certificate would fail for it, why, and how it is mended. The words are stable. */
export const FINDINGS = {
  'issuer-unreachable': {
    severity: 'fails',
    why: 'Without the directory of the CA nothing can be ordered.',
    mend: 'Check the address under issuers, network, proxy and firewall; trustRoots for a private CA.',
  },
  'terms-not-agreed': {
    severity: 'fails',
    why: 'The CA registers no account without it.',
    mend: 'Read the terms, then set termsOfServiceAgreed: true for this issuer.',
  },
  'external-account-missing': {
    severity: 'fails',
    why: 'The CA registers only accounts that are bound to one with it.',
    mend: 'Get a key id and an HMAC key from the CA and set externalAccountBinding for this issuer.',
  },
  'profile-unknown': {
    severity: 'fails',
    why: 'The CA refuses orders for a profile that it does not have.',
    mend: 'Choose one of those that it has, or leave profile out.',
  },
  'limit-spent': {
    severity: 'fails',
    why: 'No order is made before there is room again, by our own count of the limits of the CA.',
    mend: 'Wait, or add another issuer under issuers. everbind status shows the limits.',
  },
  'caa-forbids': {
    severity: 'fails',
    why: 'A CA refuses to issue against CAA records, after the proof, and counts it.',
    mend: 'Change the CAA records at that name so that they let this CA, account and challenge type issue, or use an issuer that they name.',
  },
  'dns-fails': {
    severity: 'fails',
    why: 'A CA that gets no usable answer for a name refuses it.',
    mend: 'Check the servers of the zone and its delegation; ask your DNS host.',
  },
  'dnssec-broken': {
    severity: 'fails',
    why: 'CAs validate DNSSEC: for them a zone with wrong signatures does not answer at all.',
    mend: 'Sign the zone anew, or correct or remove the DS record at the registrar.',
  },
  'no-address': {
    severity: 'fails',
    why: 'The CA connects to an address of the name.',
    mend: 'Create an A or AAAA record for it, or prove it by dns-01.',
  },
  'aaaa-elsewhere': {
    severity: 'fails',
    why: 'CAs prefer IPv6 and look at the wrong server, however well IPv4 works.',
    mend: 'Correct the AAAA record, or remove it; or bind the site to that IPv6 address.',
  },
  'address-elsewhere': {
    severity: 'fails',
    why: 'CAs may look at any address of the name, and do not find the answer there.',
    mend: 'Correct the A record, or have that server pass /.well-known/acme-challenge/ on to this one.',
  },
  'address-unreachable': {
    severity: 'doubtful',
    why: 'The CA has to reach port 80 there. Many routers do not let a server reach its own public address, so this may be so from here only.',
    mend: 'Open port 80 to everybody, and try it from outside.',
  },
  'redirect-not-followed': {
    severity: 'fails',
    why: 'CAs follow at most ten redirects, to http on port 80 and https on port 443.',
    mend: 'Take .well-known/acme-challenge out of the redirect rules of the site.',
  },
  'answer-not-seen': {
    severity: 'fails',
    why: 'What this machine does not see itself the CA will not see either; a renewal stops there.',
    mend: 'As the message says; docs/challenges.md has each reason.',
  },
  'port-taken': {
    severity: 'fails',
    why: 'Another program answers where the CA connects.',
    mend: 'Stop it, or use mode http.sys or webroot where that program is IIS.',
  },
  'proof-impossible': {
    severity: 'fails',
    why: 'No CA accepts this kind of proof for this kind of name.',
    mend: 'Wildcards need dns-01, IP addresses need http-01; give such names a rule of their own under challenges.',
  },
  'delegation-loop': {
    severity: 'fails',
    why: 'Neither Everbind nor the CA gets to where the record should be.',
    mend: 'Let _acme-challenge point straight at a name in the zone that the credentials may change.',
  },
  'credentials-refused': {
    severity: 'fails',
    why: 'The record that proves the name cannot be written.',
    mend: 'Check the secret (everbind secret set NAME), that it has not expired, and the rights that everbind dns providers names.',
  },
  'zone-missing': {
    severity: 'fails',
    why: 'The record that proves the name cannot be written.',
    mend: 'Check that the zone is hosted there and that the credentials reach it.',
  },
  'secret-missing': {
    severity: 'fails',
    why: 'What needs it cannot be asked.',
    mend: 'Store it: everbind secret set NAME.',
  },
  'proof-fails': {
    severity: 'fails',
    why: 'The answer to a challenge cannot be put in place.',
    mend: 'As the message says; docs/errors.md has the code.',
  },
  'proof-not-tried': {
    severity: 'doubtful',
    why: 'Two at a time would take away each other’s answers.',
    mend: 'Try again when the other Everbind is done.',
  },
  'not-removed': {
    severity: 'doubtful',
    why: 'What was put there to try it out is still there. It proves nothing.',
    mend: 'Remove it by hand; the message names it.',
  },
} as const satisfies Readonly<Record<string, FindingText>>;

interface FindingText {
  /** `fails`: no certificate can come of it as it stands. `doubtful`: worth a look. */
  readonly severity: 'fails' | 'doubtful';
  readonly why: string;
  readonly mend: string;
}

export type FindingCode = keyof typeof FINDINGS;

/** Something that stands in the way of a certificate. */
export interface PreflightFinding extends FindingText {
  readonly code: FindingCode;
  /** The name it is about; null: all of the certificate. */
  readonly name: string | null;
  /** The issuer it is about; null: every one would see the same. */
  readonly issuer: string | null;
  readonly what: string;
}

/** A finding with the severity, the reason and the remedy that its code has. `what` was found. */
export function finding(
  code: FindingCode,
  what: string,
  { name = null, issuer = null }: Partial<Pick<PreflightFinding, 'name' | 'issuer'>>,
): PreflightFinding {
  return { code, name, issuer, what, ...FINDINGS[code] };
}

/** The message of an error with its code, as part of a finding. */
export function said({ message, code }: EverbindError): string {
  return `${message} [${code}]`;
}

/** Whether no certificate can come of it: for a reason that every issuer sees, or for one at each of them. */
export function wouldFail(findings: readonly PreflightFinding[], issuers: readonly string[]): boolean {
  const failing = findings.filter(({ severity }) => severity === 'fails');
  const refused = new Set(failing.map(({ issuer }) => issuer));
  return refused.has(null) || issuers.every((issuer) => refused.has(issuer));
}
