import type { Directory } from '../acme/messages/directory.ts';
import { createSemaphore } from '../concurrency/semaphore.ts';
import type { CertificateConfig, IssuerConfig } from '../config/types.ts';
import { examineCaa } from './caa.ts';
import type { Lookups } from './dns.ts';
import type { PreflightFinding } from './findings.ts';
import { examineIssuer } from './issuer.ts';
import { examineName, type NameParts } from './name.ts';
import { waysFor } from './ways.ts';

/** A hundred names at once would be a burst for a resolver. */
const NAMES_AT_ONCE = 16;

/** An issuer that could be asked. */
export interface KnownIssuer {
  readonly config: IssuerConfig;
  readonly directory: Directory;
  /** Null: there is no account yet. */
  readonly accountUrl: string | null;
}

/** What a CA would have against a certificate by its directory and by CAA records. Asks DNS and nobody else. */
export async function examineOrder(
  lookups: Lookups,
  certificate: Pick<CertificateConfig, 'identifiers' | 'challenges'>,
  { config, directory, accountUrl }: KnownIssuer,
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
  return [...examineIssuer(config, directory, accountUrl !== null), ...(await Promise.all(found)).flat()];
}

/** Asks once for what several names have above them, and several challenges want to know. */
function remembering({ lookup }: Lookups['checked']): Lookups['checked'] {
  const known = new Map<string, ReturnType<typeof lookup>>();
  return {
    lookup: (name, type, signal) => {
      const key = `${type} ${name}`;
      const answer = known.get(key) ?? lookup(name, type, signal);
      known.set(key, answer);
      return answer;
    },
  };
}

/** Everything that can be found out about a certificate without an order. */
export async function examineCertificate(
  parts: Omit<NameParts, 'accountUrl'>,
  certificate: CertificateConfig,
  issuers: readonly KnownIssuer[],
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const accountUrl = issuers.find((issuer) => issuer.accountUrl !== null)?.accountUrl ?? null;
  // One after the other: names share ports, folders and the patience of DNS hosts.
  for (const identifier of certificate.identifiers) {
    findings.push(...(await examineName({ ...parts, accountUrl }, certificate, identifier, signal)));
  }
  const silent = new Set(findings.filter(isSilence).map(({ name }) => name));
  for (const issuer of issuers) {
    const found = await examineOrder(parts.lookups, certificate, issuer, signal);
    // A name whose addresses cannot be looked up has no CAA records either: said once.
    findings.push(...found.filter((one) => !isSilence(one) || !silent.has(one.name)));
  }
  return findings;
}

function isSilence({ code }: PreflightFinding): boolean {
  return code === 'dns-fails' || code === 'dnssec-broken';
}
