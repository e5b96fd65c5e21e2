import type { AcmeClient } from '../../../../acme/client.ts';
import { withDeadline } from '../../../../concurrency/deadline.ts';
import { unlessAborted } from '../../../../concurrency/unless-aborted.ts';
import { isProblem } from '../../../../acme/messages/problem.ts';
import type { HostBackoffs } from '../../../../acme/session/host-backoff.ts';
import type { IssuerConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import { forgetAccount, readAccount, replaceAccount } from '../../../state/account-table.ts';
import { LOOK_MS, OPENING_MS, overdue } from '../../../schedule/issuer-backoff.ts';
import { issuerConfig } from '../../../state/applied-config.ts';
import type { AcmePorts, AcmeRun, IssuerSession, IssuerSessions } from '../acme-ports.ts';
import { durableHostBackoff, newAccountKey, openAccount } from './account-session.ts';

const DAY = 86_400_000;
/** The key of an account that the CA does not serve any more is kept for so long, should the CA have been wrong. */
const KEPT_MS = 30 * DAY;

/** What one run shares: each issuer is opened once. The signal ends what waits. */
export function createAcmeRun(ports: AcmePorts, signal: AbortSignal): AcmeRun {
  return {
    ...ports,
    sessions: createIssuerSessions(ports, (config) => config, signal),
    stagingSessions: createIssuerSessions(ports, stagingOf, signal),
    signal,
  };
}

/**
 * `at` says where an issuer is asked: as configured, or at its staging environment. The signal ends the wait for the
 * CA.
 */
function createIssuerSessions(
  ports: AcmePorts,
  at: (config: IssuerConfig) => IssuerConfig,
  signal: AbortSignal,
): IssuerSessions {
  const opened = new Map<string, Promise<IssuerSession>>();
  const backoffs = durableHostBackoff(ports);
  const open = (name: string, attempt?: AbortSignal): Promise<IssuerSession> => {
    let session = opened.get(name);
    if (session === undefined) {
      session = openIssuer(ports, at(configOf(ports, name)), backoffs, signal);
      opened.set(name, session);
      session.catch(() => opened.delete(name));
    }
    return unlessAborted(session, attempt);
  };
  /** Whether this session was the current one. */
  const close = async (session: IssuerSession): Promise<boolean> => {
    const { name } = session.config;
    const current = opened.get(name);
    if ((await current?.catch(() => null)) !== session || opened.get(name) !== current) return false;
    opened.delete(name);
    return true;
  };
  const looksDead = (client: AcmeClient): Promise<boolean> => {
    const late = (): Error => overdue('a look at the account', LOOK_MS);
    return withDeadline({ clock: ports.clock, ms: LOOK_MS, signal, late }, (look) => isDead(client, look));
  };
  /**
   * One that the CA does not know any more is registered anew, with its key, when it is needed next; one that the CA
   * has deactivated or revoked (RFC 8555 section 7.1.6) makes room for another one with another key. Does nothing when
   * another renewal has noticed before, and the account may be there again already.
   */
  const checkAccount = async (session: IssuerSession, refusal: unknown): Promise<void> => {
    if (isAccountGone(refusal)) {
      if (await close(session)) await forget(ports, session);
    } else if (isUnauthorized(refusal) && (await looksDead(session.client)) && (await close(session))) {
      await replace(ports, session);
    }
  };
  return {
    open,
    use: async (issuer, work, attempt) => {
      const session = await open(issuer, attempt);
      try {
        return await work(session);
      } catch (error) {
        await checkAccount(session, error);
        throw error;
      }
    },
  };
}

async function openIssuer(
  ports: AcmePorts,
  config: IssuerConfig,
  backoffs: HostBackoffs,
  signal: AbortSignal,
): Promise<IssuerSession> {
  const late = (): Error => overdue(`the account with ${config.name}`, OPENING_MS, 'issuer');
  const [account, roots] = await Promise.all([
    withDeadline({ clock: ports.clock, ms: OPENING_MS, signal, late }, (opening) =>
      openAccount(ports, config, backoffs, opening),
    ),
    ports.rootsFor(config),
  ]);
  return { config, ...account, roots };
}

/** Throws CONFIG_INVALID for an issuer that is not in the configuration (any more). */
export function configOf({ store }: Pick<AcmePorts, 'store'>, name: string): IssuerConfig {
  const config = store.read((db) => issuerConfig(db, name));
  if (config !== null) return config;
  throw new EverbindError('CONFIG_INVALID', `the issuer ${name} is not in the configuration any more`, {
    issuer: name,
  });
}

/**
 * The issuer at its staging environment. What binds an account to one with the CA is for the real one alone, and often
 * for one use.
 */
function stagingOf(config: IssuerConfig): IssuerConfig {
  const { name, staging } = config;
  if (staging !== null) return { ...config, directory: staging, externalAccountBinding: null };
  throw new EverbindError('CONFIG_INVALID', `the issuer ${name} has no staging environment`, { issuer: name });
}

/** Whether the CA has lost our account, or never had it. */
export function isAccountGone(error: unknown): boolean {
  return isProblem(error, 'accountDoesNotExist');
}

/**
 * Whether the CA will not have this account do this: that may be about the account, or about what was asked. Failed
 * validations are neither.
 */
function isUnauthorized(error: unknown): boolean {
  return isProblem(error, 'unauthorized') && error.code === 'ACME_PROBLEM';
}

/**
 * Whether the CA does not serve the account any more. CAs refuse to show one that is deactivated (RFC 8555 section
 * 7.3.6 wants that), as they may refuse anything else for a while: only when looking it up by its key ends the same way
 * it counts.
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

async function forget({ store }: AcmePorts, { config, accountUrl }: IssuerSession): Promise<void> {
  await store.commit((transaction) => forgetAccount(transaction, config, accountUrl));
}

/** At most one in a day: a CA that has something against us has it against every account, and counts them. */
async function replace(ports: AcmePorts, { config, accountUrl }: IssuerSession): Promise<void> {
  const { store, clock } = ports;
  const key = newAccountKey(ports);
  await store.commit((transaction) => {
    const row = readAccount(transaction.db, config);
    const now = clock.now();
    if (row === null || row.url !== accountUrl || now < (row.keyAt ?? 0) + DAY) return;
    replaceAccount(transaction, row, key, { now, destroyAt: now + KEPT_MS });
  });
}
