import type { AcmeClient } from '../../../../acme/client.ts';
import type { HostBackoffs } from '../../../../acme/session/host-backoff.ts';
import type { IssuerConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import { statement } from '../../../../store/statements.ts';
import { newAccountKey, openAccount } from './account-session.ts';
import { readAccount } from '../../../state/account-table.ts';
import { appliedConfig } from '../../../state/applied-config.ts';
import { isAccountGone, isUnauthorized } from '../../../engine/failure.ts';
import { durableHostBackoff } from '../../../state/host-backoff.ts';
import type { EnginePorts } from '../../../engine/engine-ports.ts';
import { scheduleKeyDeletion } from '../../../state/key-deletions.ts';

const DAY = 86_400_000;
/** The key of an account that the CA does not serve any more is kept for so long, should the CA have been wrong. */
const KEPT_MS = 30 * DAY;

/** A CA with our account there. */
export interface IssuerSession {
  readonly config: IssuerConfig;
  readonly client: AcmeClient;
  readonly accountUrl: string;
  readonly roots: readonly Uint8Array[];
}

/** Opens each issuer once for all renewals of a run. */
export interface IssuerSessions {
  /** Registers the account when there is none yet. A failure is not kept: the next caller tries again. */
  open(issuer: string): Promise<IssuerSession>;
  /**
   * The CA has refused a request in a way that may be about the account. One that it does not know any more is registered anew, with its key,
   * when it is needed next; one that it has deactivated or revoked (RFC 8555 section 7.1.6) makes room for another one with another key. Does
   * nothing when another renewal has noticed before, and the account may be there again already.
   */
  checkAccount(session: IssuerSession, refusal: unknown, signal: AbortSignal): Promise<void>;
}

/** `at` says where an issuer is asked: as configured, or at its staging environment. */
export function createIssuerSessions(parts: EnginePorts, at: (config: IssuerConfig) => IssuerConfig): IssuerSessions {
  const opened = new Map<string, Promise<IssuerSession>>();
  const holds = durableHostBackoff(parts);
  /** Whether this session was the current one. */
  const close = async (session: IssuerSession): Promise<boolean> => {
    const { name } = session.config;
    const current = opened.get(name);
    if ((await current?.catch(() => null)) !== session || opened.get(name) !== current) return false;
    opened.delete(name);
    return true;
  };
  return {
    open: (name) => {
      let session = opened.get(name);
      if (session === undefined) {
        session = openIssuer(parts, at(configOf(parts, name)), holds);
        opened.set(name, session);
        session.catch(() => opened.delete(name));
      }
      return session;
    },
    checkAccount: async (session, refusal, signal) => {
      if (isAccountGone(refusal)) {
        if (await close(session)) await forget(parts, session);
      } else if (isUnauthorized(refusal) && (await isDead(session.client, signal)) && (await close(session))) {
        await replace(parts, session);
      }
    },
  };
}

async function openIssuer(parts: EnginePorts, config: IssuerConfig, holds: HostBackoffs): Promise<IssuerSession> {
  const [account, roots] = await Promise.all([openAccount(parts, config, holds), parts.rootsFor(config)]);
  return { config, ...account, roots };
}

function configOf({ store }: EnginePorts, name: string): IssuerConfig {
  const config = store.read(appliedConfig)?.issuers.find((issuer) => issuer.name === name);
  if (config !== undefined) return config;
  throw new EverbindError('CONFIG_INVALID', `the issuer ${name} is not in the configuration any more`, {
    issuer: name,
  });
}

/** The issuer at its staging environment. What binds an account to one with the CA is for the real one alone, and often for one use. */
export function stagingOf(config: IssuerConfig): IssuerConfig {
  const { name, staging } = config;
  if (staging !== null) return { ...config, directory: staging, externalAccountBinding: null };
  throw new EverbindError('CONFIG_INVALID', `the issuer ${name} has no staging environment`, { issuer: name });
}

/**
 * Whether the CA does not serve the account any more. CAs refuse to show one that is deactivated (RFC 8555 section 7.3.6 wants that), as they may
 * refuse anything else for a while: only when looking it up by its key ends the same way it counts.
 */
async function isDead(client: AcmeClient, signal: AbortSignal): Promise<boolean> {
  try {
    return (await client.getAccount(signal)).status !== 'valid';
  } catch (error) {
    if (!isUnauthorized(error)) return false;
  }
  try {
    return (await client.newAccount({ onlyReturnExisting: true }, signal)).account.status !== 'valid';
  } catch (error) {
    return isUnauthorized(error) || isAccountGone(error);
  }
}

async function forget({ store }: EnginePorts, { config, accountUrl }: IssuerSession): Promise<void> {
  await store.commit(({ db, audit }) => {
    const { changes } = statement(
      db,
      'UPDATE account SET url = NULL WHERE issuer = ? AND directory = ? AND url = ?',
    ).run(config.name, config.directory, accountUrl);
    if (changes > 0) audit({ type: 'account.lost', subject: config.name, data: { url: accountUrl } });
  });
}

/** At most one in a day: a CA that has something against us has it against every account, and counts them. */
async function replace(parts: EnginePorts, { config, accountUrl }: IssuerSession): Promise<void> {
  const { store, clock } = parts;
  const { name, directory } = config;
  const key = newAccountKey(parts);
  await store.commit((transaction) => {
    const row = readAccount(transaction.db, config);
    const now = clock.now();
    if (row === null || row.url !== accountUrl || now < (row.keyAt ?? 0) + DAY) return;
    statement(
      transaction.db,
      `UPDATE account SET url = NULL, key_handle = ?, key_at = ?, next_key = NULL, rollover_after = 0, rollover_code = NULL
       WHERE issuer = ? AND directory = ?`,
    ).run(key, now, name, directory);
    for (const spent of [row.keyHandle, row.nextKey]) {
      if (spent !== null) scheduleKeyDeletion(transaction, name, spent, now + KEPT_MS);
    }
    transaction.audit({ type: 'account.deactivated', subject: name, data: { url: accountUrl, key: row.keyHandle } });
    transaction.audit({ type: 'account.started', subject: name, data: { directory, key } });
  });
}
