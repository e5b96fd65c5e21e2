import { macKeyOf } from '../acme/jose/external-account.ts';
import { createAcmeClient } from '../acme/client.ts';
import type { HostBackoffs } from '../acme/session/host-backoff.ts';
import type { CertificateConfig, IssuerConfig } from '../config/types.ts';
import { asEverbindError } from '../errors/error.ts';
import type { KnownIssuer } from '../preflight/certificate.ts';
import { finding, type PreflightFinding, said } from '../preflight/findings.ts';
import { readAccount } from '../renewal/state/account-table.ts';
import { shortageOf } from '../renewal/ratelimits/limiter.ts';
import { certificateByName } from '../renewal/state/certificate-table.ts';
import { openTransport } from './issuer-parts.ts';
import type { State } from './state.ts';
import { VERSION } from './version.ts';
import type { Environment } from './environment.ts';

/** Reads the directory of an issuer, or says why it cannot be read. Transports are left in `opened`. */
export async function askIssuer(
  { store }: State,
  { clock, random, signal }: Environment,
  config: IssuerConfig,
  backoffs: HostBackoffs,
  opened: { close(): void }[],
): Promise<KnownIssuer | PreflightFinding> {
  try {
    const transport = await openTransport(config);
    opened.push(transport);
    const client = createAcmeClient({
      directoryUrl: config.directory,
      transport,
      clock,
      random,
      userAgent: `everbind/${VERSION}`,
      allowInsecureLoopback: config.allowInsecureLoopback,
      backoffs,
    });
    const directory = await client.directory(signal);
    const accountUrl = store.read((db) => readAccount(db, config))?.url ?? null;
    return { config, directory, accountUrl, clockLead: client.clockLead() };
  } catch (error) {
    signal.throwIfAborted();
    return finding('issuer-unreachable', said(asEverbindError(error)), { issuer: config.name });
  }
}

/** Issuers whose account keeps its key, although a new one is wanted from time to time. */
export function keptAccountKeys({ store }: State, issuers: readonly KnownIssuer[]): readonly PreflightFinding[] {
  return issuers.flatMap(({ config, directory }) => {
    const { name: issuer, accountKeyRolloverDays: days } = config;
    if (days === 0) return [];
    const refused = store.read((db) => readAccount(db, config))?.rolloverCode === 'ACME_NOT_OFFERED';
    if (directory.keyChange !== null && !refused) return [];
    const where = directory.keyChange === null ? 'lists no keyChange' : 'lists keyChange, and does not have it';
    return [finding('key-change-missing', `${issuer} ${where}: the key of the account stays`, { issuer })];
  });
}

/** Issuers whose external account key is not stored here, or is none. */
export async function missingSecrets(
  { secrets }: State,
  issuers: readonly IssuerConfig[],
): Promise<readonly PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  for (const { name: issuer, externalAccountBinding: binding } of issuers) {
    if (binding === null) continue;
    try {
      macKeyOf(binding.hmacKey, await secrets.resolveSecret(binding.hmacKey));
    } catch (error) {
      findings.push(finding('secret-missing', said(asEverbindError(error)), { issuer }));
    }
  }
  return findings;
}

/** Limits of issuers that have no room for a certificate now; none before its first renewal was begun. */
export function spentLimits(
  { store }: State,
  { name, issuers }: CertificateConfig,
  now: number,
): readonly PreflightFinding[] {
  return store.read((db) => {
    const certificate = certificateByName(db, name);
    if (certificate === null) return [];
    return issuers.flatMap((issuer) => {
      const shortage = shortageOf(db, certificate, issuer, now);
      if (shortage === null) return [];
      const { kind, subject } = shortage.cost;
      const what = `${kind}${subject === '' ? '' : ` of ${subject}`}: room again ${new Date(shortage.at).toISOString()}`;
      return [finding('limit-spent', what, { issuer })];
    });
  });
}
