import type { Directory } from '../acme/messages/directory.ts';
import { clockProblem } from '../pki/clock-lead.ts';
import { createSemaphore } from '../concurrency/semaphore.ts';
import { isPublicCa, maxNamesOf, publicNameProblem } from '../config/issuer-facts.ts';
import type { CertificateConfig, IssuerConfig } from '../config/types.ts';
import type { Identifier } from '../pki/x509/names.ts';
import { examineCaa } from './caa.ts';
import type { Lookups } from './dns.ts';
import { finding, type PreflightFinding } from './findings.ts';
import { examineName, type NameParts } from './name.ts';
import { waysFor } from './ways.ts';

/** A hundred names at once would be a burst for a resolver. */
const NAMES_AT_ONCE = 16;

/** An issuer whose directory could be read. */
export interface KnownIssuer {
  readonly config: IssuerConfig;
  readonly directory: Directory;
  /** Null: there is no account yet. */
  readonly accountUrl: string | null;
  /** How far the CA's clock is ahead of ours, milliseconds; null or absent: it did not say. */
  readonly clockLead?: number | null;
}

/** Why a CA would refuse a certificate, by its directory, its clock and CAA records. Asks only DNS. */
export async function examineOrder(
  lookups: Lookups,
  certificate: Pick<CertificateConfig, 'identifiers' | 'challenges'>,
  { config, directory, accountUrl, clockLead = null }: KnownIssuer,
  signal?: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const identities = directory.meta.caaIdentities;
  const kept = { ...lookups, checked: remembering(lookups.checked) };
  const slots = createSemaphore(NAMES_AT_ONCE);
  const found = certificate.identifiers.map(async (identifier) => {
    if (identifier.type === 'ip') return [];
    const challenges = waysFor(certificate, identifier).map(({ type }) => type);
    const check = { issuer: config.name, identities, accountUrl, name: identifier.value, challenges };
    return slots.run(() => examineCaa(kept, check, signal));
  });
  const wrong = clockLead === null ? null : clockProblem(clockLead);
  const clock = wrong === null ? [] : [finding('clock-wrong', wrong, { issuer: config.name })];
  return [
    ...clock,
    ...examineIssuer(config, directory, accountUrl !== null),
    ...examineNames(config, certificate.identifiers),
    ...(await Promise.all(found)).flat(),
  ];
}

/** Why a CA would refuse an order, by its directory alone. `registered`: there is an account with it. */
export function examineIssuer(
  config: IssuerConfig,
  { meta }: Directory,
  registered: boolean,
): readonly PreflightFinding[] {
  const { name: issuer, profile } = config;
  const findings: PreflightFinding[] = [];
  if (!registered && meta.termsOfService !== null && !config.termsOfServiceAgreed) {
    const what = `${issuer} has terms of service (${meta.termsOfService}) that were not agreed to`;
    findings.push(finding('terms-not-agreed', what, { issuer }));
  }
  if (!registered && meta.externalAccountRequired && config.externalAccountBinding === null) {
    findings.push(finding('external-account-missing', `${issuer} wants an external account binding`, { issuer }));
  }
  if (profile !== null && meta.profiles?.has(profile) !== true) {
    const names = [...(meta.profiles?.keys() ?? [])];
    const has = names.length === 0 ? 'no profiles' : names.join(', ');
    findings.push(finding('profile-unknown', `${issuer} has no profile ${profile}; it has ${has}`, { issuer }));
  }
  return findings;
}

/** Why a CA would refuse an order for these names, by what is known of the CA. */
function examineNames(issuer: IssuerConfig, identifiers: readonly Identifier[]): readonly PreflightFinding[] {
  const findings: PreflightFinding[] = [];
  const most = maxNamesOf(issuer);
  if (most !== null && identifiers.length > most) {
    const what = `${identifiers.length} names, and ${issuer.name} takes ${most} at most`;
    findings.push(finding('too-many-names', what, { issuer: issuer.name }));
  }
  for (const identifier of isPublicCa(issuer) ? identifiers : []) {
    const problem = publicNameProblem(identifier);
    if (problem === null) continue;
    findings.push(finding('name-not-public', problem, { name: identifier.value, issuer: issuer.name }));
  }
  return findings;
}

/** Asks once for each name: several names have the same parents, and several challenges need the same records. */
function remembering({ lookup }: Lookups['checked']): Lookups['checked'] {
  const known = new Map<string, ReturnType<typeof lookup>>();
  return {
    lookup: (name, type, signal) => {
      const key = `${type} ${name}`;
      const found = known.get(key) ?? lookup(name, type, signal);
      known.set(key, found);
      return found;
    },
  };
}

/** All findings about a certificate that need no order. */
export async function examineCertificate(
  parts: Omit<NameParts, 'accountUrl'>,
  certificate: CertificateConfig,
  issuers: readonly KnownIssuer[],
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const accountUrl = issuers.find((issuer) => issuer.accountUrl !== null)?.accountUrl ?? null;
  // One after the other: names share ports, folders and the rate limits of DNS hosts.
  for (const identifier of certificate.identifiers) {
    findings.push(...(await examineName({ ...parts, accountUrl }, certificate, identifier, signal)));
  }
  const silent = new Set(findings.filter(isSilence).map(({ name }) => name));
  for (const issuer of issuers) {
    const found = await examineOrder(parts.lookups, certificate, issuer, signal);
    // When the addresses of a name cannot be looked up, its CAA records cannot either: one finding is enough.
    findings.push(...found.filter((one) => !isSilence(one) || !silent.has(one.name)));
  }
  return findings;
}

function isSilence({ code }: PreflightFinding): boolean {
  return code === 'dns-fails' || code === 'dnssec-broken';
}
