import { persistName, persistValue } from '../../../../acme/messages/dns-persist.ts';
import { challengesFor } from '../../../../config/challenge-for.ts';
import type { DnsPersistChallengeConfig } from '../../../../config/types.ts';
import { asEverbindError, EverbindError } from '../../../../errors/error.ts';
import type { ChallengeTask } from '../../../../ports/solver.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';
import { usesPersistRecords } from '../../../state/certificate-queries.ts';
import { requireCertificate } from '../../../state/certificate-table.ts';

/** A lasting record of dns-persist-01 that a certificate needs. */
export interface PersistRecord {
  readonly issuer: string;
  /** Where it stands, and its text. */
  readonly record: string;
  readonly value: string;
  /** Hashed with the account's key (from draft -02 on): a new key needs a new record. */
  readonly hashed: boolean;
  /** `details.reason` or the code of what is wrong with what stands there; null when it is as it should be. */
  readonly problem: string | null;
}

/**
 * The records for the names of a certificate that are validated by dns-persist-01, at each of its issuers, and whether
 * they are there. The account is registered when there is none yet; nothing is ordered. Throws
 * RENEWAL_UNKNOWN_CERTIFICATE, RENEWAL_CHALLENGE_NOT_OFFERED, and what the CA says.
 */
export async function persistRecords(run: AcmeRun, name: string): Promise<readonly PersistRecord[]> {
  const { config } = run.store.read((db) => requireCertificate(db, name));
  const domains = new Map<string, { readonly config: DnsPersistChallengeConfig; readonly wildcard: boolean }>();
  for (const identifier of config.identifiers) {
    const challenge = challengesFor(config, identifier).find(({ type }) => type === 'dns-persist-01');
    if (challenge?.type !== 'dns-persist-01') continue;
    const domain = identifier.value.replace(/^\*\./, '');
    const wildcard = domain !== identifier.value || domains.get(domain)?.wildcard === true;
    domains.set(domain, { config: challenge, wildcard });
  }
  const found: PersistRecord[] = [];
  for (const issuer of config.issuers) {
    const session = await run.sessions.open(issuer);
    const works = [...domains].map(([domain, { config: challenge, wildcard }]) =>
      lookAt(run, session, challenge, domain, wildcard),
    );
    found.push(...(await Promise.all(works)));
  }
  return found;
}

async function lookAt(
  run: AcmeRun,
  { client, config: { name: issuer } }: IssuerSession,
  config: DnsPersistChallengeConfig,
  domain: string,
  wildcard: boolean,
): Promise<PersistRecord> {
  const { meta } = await client.directory(run.signal);
  // Before draft -02 only a challenge says it, and that costs an order; CAs use the names that they have in CAA
  // records.
  const issuerDomains = meta.issuerDomains ?? meta.caaIdentities;
  if (issuerDomains.length === 0) {
    const message = `${issuer} does not say what it calls itself in records of dns-persist-01`;
    throw new EverbindError('RENEWAL_CHALLENGE_NOT_OFFERED', message, { name: domain, issuer });
  }
  const persist = await client.persistTerms(domain, issuerDomains, run.signal);
  const identifier = { type: 'dns', value: domain } as const;
  const task: ChallengeTask = { type: config.type, identifier, wildcard, token: '', keyAuthorization: '', persist };
  const problem = await problemOf(() => run.solverFor(task, config).wait(task, run.signal));
  run.signal.throwIfAborted();
  const hashed = meta.accountHashPrefix !== null;
  return { issuer, record: persistName(domain), value: persistValue(persist, wildcard), hashed, problem };
}

async function problemOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const { code, facts } = asEverbindError(error);
    return facts.reason ?? code;
  }
}

/** Whether lasting records name the key of this account, so that another key would make them worthless. */
export async function recordsNameKey(
  { store, signal }: Pick<AcmeRun, 'store' | 'signal'>,
  { client, config }: IssuerSession,
): Promise<boolean> {
  if (!store.read((db) => usesPersistRecords(db, config.name))) return false;
  return (await client.directory(signal)).meta.accountHashPrefix !== null;
}
