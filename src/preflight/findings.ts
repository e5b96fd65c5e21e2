import type { EverbindError } from '../errors/error.ts';

/** What each finding means: whether a certificate would fail for it, why, and how to fix it. The words are stable. */
export const FINDINGS = {
  'issuer-unreachable': {
    severity: 'fails',
    why: 'Without the directory of the CA nothing can be ordered.',
    fix: 'Check the address under issuers, network, proxy and firewall; trustRoots for a private CA.',
  },
  'clock-wrong': {
    severity: 'doubtful',
    why: 'A new certificate may not be valid yet by a clock that is behind. It is kept, and used only once it is.',
    fix: 'Set the clock of this machine: w32tm /resync.',
  },
  'terms-not-agreed': {
    severity: 'fails',
    why: 'The CA registers no account without it.',
    fix: 'Read the terms, then set termsOfServiceAgreed: true for this issuer.',
  },
  'external-account-missing': {
    severity: 'fails',
    why: 'The CA registers only accounts that are bound to one with it.',
    fix: 'Get a key id and an HMAC key from the CA and set externalAccountBinding for this issuer.',
  },
  'profile-unknown': {
    severity: 'fails',
    why: 'The CA refuses orders for a profile that it does not have.',
    fix: 'Choose one of those that it has, or leave profile out.',
  },
  'key-change-missing': {
    severity: 'doubtful',
    why: 'The CA has no way to give an account a new key. Certificates are issued all the same.',
    fix: 'Nothing to do. With accountKeyRolloverDays: 0 for this issuer no change is tried.',
  },
  'too-many-names': {
    severity: 'fails',
    why: 'The CA refuses orders with more names, and so none is made there.',
    fix: 'Make several certificates of them; set maxNames for this issuer where it takes more.',
  },
  'name-not-public': {
    severity: 'doubtful',
    why: 'CAs of the web issue for public names and addresses alone, and one that is not public has them refuse the whole order.',
    fix: 'Leave it out of names. For a private CA name its roots under certificateRoots of the issuer.',
  },
  'limit-spent': {
    severity: 'fails',
    why: 'By our own count of the limits of the CA there is no room, and no order is made before there is.',
    fix: 'Wait, or add another issuer under issuers. everbind status shows the limits.',
  },
  'caa-forbids': {
    severity: 'fails',
    why: 'After validation the CA refuses an order that CAA records forbid, and counts it as a failure.',
    fix: 'Change the CAA records at that name so that they let this CA, account and challenge type issue, or use an issuer that they name.',
  },
  'dns-fails': {
    severity: 'fails',
    why: 'A CA that gets no usable DNS response for a name refuses it.',
    fix: 'Check the servers of the zone and its delegation; ask your DNS host.',
  },
  'dnssec-broken': {
    severity: 'fails',
    why: 'CAs validate DNSSEC: for them a zone with wrong signatures does not exist.',
    fix: 'Sign the zone again, or correct or remove the DS record at the registrar.',
  },
  'no-address': {
    severity: 'fails',
    why: 'The CA connects to an address of the name.',
    fix: 'Create an A or AAAA record for it, or validate it by dns-01.',
  },
  'aaaa-elsewhere': {
    severity: 'fails',
    why: 'CAs prefer IPv6 and look at the wrong server, even though IPv4 works.',
    fix: 'Correct the AAAA record, or remove it; or bind the site to that IPv6 address.',
  },
  'address-elsewhere': {
    severity: 'fails',
    why: 'CAs may look at any address of the name, and do not find the challenge response there.',
    fix: 'Correct the A record, or let that server forward /.well-known/acme-challenge/ to this one.',
  },
  'address-unreachable': {
    severity: 'doubtful',
    why: 'The CA has to reach port 80 there. Many routers do not let a server reach its own public address, so this may be true from here only.',
    fix: 'Open port 80 to everybody, and try it from outside.',
  },
  'inside-view': {
    severity: 'doubtful',
    why: 'This machine has private addresses alone: asked from inside, a router may answer itself, and names may lead elsewhere than they do for a CA.',
    fix: 'Open the address in a browser from outside: it has to show this server. A renewal tries it, whatever is seen from here.',
  },
  'firewall-doubtful': {
    severity: 'doubtful',
    why: 'What this machine sees over loopback meets no firewall; a CA comes from outside. Rules of another firewall are not known here.',
    fix: 'Enable the rule World Wide Web Services (HTTP Traffic-In), or make an inbound rule for the port; for a listener of Everbind, one for its program.',
  },
  'redirect-not-followed': {
    severity: 'fails',
    why: 'CAs follow at most ten redirects, to http on port 80 and https on port 443.',
    fix: 'Exclude .well-known/acme-challenge from the redirect rules of the site.',
  },
  'response-not-seen': {
    severity: 'fails',
    why: 'What this machine cannot see the CA will not see either; a renewal stops there.',
    fix: 'As the message says; docs/challenges.md has each reason.',
  },
  'port-taken': {
    severity: 'fails',
    why: 'Another program listens where the CA connects.',
    fix: 'Stop it, or use mode http.sys or webroot where that program is IIS.',
  },
  'validation-impossible': {
    severity: 'fails',
    why: 'No CA accepts this challenge for this kind of name.',
    fix: 'Wildcards need dns-01, IP addresses need http-01; add a rule for such names under challenges.',
  },
  'delegation-loop': {
    severity: 'fails',
    why: 'Neither Everbind nor the CA can find the place of the record.',
    fix: 'Point _acme-challenge directly at a name in the zone that the credentials may change.',
  },
  'credentials-refused': {
    severity: 'fails',
    why: 'The record for the challenge cannot be written.',
    fix: 'Check the secret (everbind secret set NAME), that it has not expired, and the rights that everbind dns providers names.',
  },
  'zone-missing': {
    severity: 'fails',
    why: 'The record for the challenge cannot be written.',
    fix: 'Check that the zone is hosted there and that the credentials reach it.',
  },
  'secret-missing': {
    severity: 'fails',
    why: 'Without the secret the DNS host refuses every request.',
    fix: 'Store it: everbind secret set NAME.',
  },
  'validation-fails': {
    severity: 'fails',
    why: 'The challenge response cannot be put in place.',
    fix: 'As the message says; docs/errors.md has the code.',
  },
  'validation-not-tried': {
    severity: 'doubtful',
    why: 'Two at a time would remove each other’s challenge responses.',
    fix: 'Try again when the other Everbind is done.',
  },
  'not-removed': {
    severity: 'doubtful',
    why: 'The challenge response of the trial is still there. No CA accepts it.',
    fix: 'Remove it by hand; the message names it.',
  },
} as const satisfies Readonly<Record<string, FindingText>>;

interface FindingText {
  /** `fails`: no certificate would be issued. `doubtful`: worth a look. */
  readonly severity: 'fails' | 'doubtful';
  readonly why: string;
  readonly fix: string;
}

export type FindingCode = keyof typeof FINDINGS;

/** Something that may keep a certificate from being issued. */
export interface PreflightFinding extends FindingText {
  readonly code: FindingCode;
  /** The name it is about; null: the whole certificate. */
  readonly name: string | null;
  /** The issuer it is about; null: every issuer. */
  readonly issuer: string | null;
  readonly what: string;
}

/** A finding with the severity, reason and fix of its code. `what`: what was found. */
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

/** Whether no issuer would issue the certificate: for a reason common to all, or for one at each of them. */
export function wouldFail(findings: readonly PreflightFinding[], issuers: readonly string[]): boolean {
  const failing = findings.filter(({ severity }) => severity === 'fails');
  const refused = new Set(failing.map(({ issuer }) => issuer));
  return refused.has(null) || issuers.every((issuer) => refused.has(issuer));
}
