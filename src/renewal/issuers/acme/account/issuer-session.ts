import { withDeadline } from '../../../../concurrency/deadline.ts';
import { unlessAborted } from '../../../../concurrency/unless-aborted.ts';
import { isProblem } from '../../../../acme/messages/problem.ts';
import type { HostBackoffs } from '../../../../acme/session/host-backoff.ts';
import type { IssuerConfig } from '../../../../config/types.ts';
import { asEverbindError, EverbindError } from '../../../../errors/error.ts';
import type { Transaction } from '../../../../store/store.ts';
import { LOOK_MS, OPENING_MS, overdue } from '../../../schedule/issuer-backoff.ts';
import { forgetAccount, noteMoved, readAccount, swapKeys } from '../../../state/account-table.ts';
import { issuerConfig } from '../../../state/applied-config.ts';
import type { AcmePorts, AcmeRun, IssuerSession, IssuerSessions } from '../acme-ports.ts';
import { durableHostBackoff, isRefusal, openAccount, replaceOnceADay } from './account-session.ts';

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
  // By directory: accounts with one CA share what it bears, also when one of them is opened again.
  const backoffs = new Map<string, HostBackoffs>();
  const backoffsOf = (directory: string): HostBackoffs => {
    const kept = backoffs.get(directory) ?? durableHostBackoff(ports, directory);
    backoffs.set(directory, kept);
    return kept;
  };
  const open = (name: string, attempt?: AbortSignal): Promise<IssuerSession> => {
    let session = opened.get(name);
    if (session === undefined) {
      const config = at(configOf(ports, name));
      session = openIssuer(ports, config, backoffsOf(config.directory), signal);
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
  /** A look that takes too long says nothing. */
  const look = (session: IssuerSession): Promise<Found> => {
    const late = (): Error => overdue('a look at the account', LOOK_MS);
    const asking = withDeadline({ clock: ports.clock, ms: LOOK_MS, signal, late }, (until) => lookAt(session, until));
    return asking.catch(() => {
      signal.throwIfAborted();
      return 'served';
    });
  };
  /**
   * One that the CA does not know any more is registered anew, with its key, when it is needed next; one that the CA
   * has deactivated or revoked (RFC 8555 section 7.1.6) makes room for another one with another key. Does nothing when
   * another renewal has noticed before, and the account may be there again already.
   */
  const checkAccount = async (session: IssuerSession, refusal: unknown): Promise<unknown> => {
    if (isAccountGone(refusal)) {
      if (await close(session)) await forget(ports, session);
      return refusal;
    }
    if (!isRefusal(refusal)) return refusal;
    const found = await look(session);
    if (found === 'served') return refusal;
    if (await close(session))
      await ports.store.commit((transaction) => settleAccount(ports, transaction, session, found));
    return found === 'deactivated' ? refusal : keyRefused(session, refusal);
  };
  return {
    open,
    use: async (issuer, work, attempt) => {
      const session = await open(issuer, attempt);
      try {
        return await work(session);
      } catch (error) {
        throw await checkAccount(session, error);
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
function isAccountGone(error: unknown): boolean {
  return isProblem(error, 'accountDoesNotExist');
}

/**
 * What the CA makes of our account and its key. `doubt`: it tells nothing of either, and may be unwell. `elsewhere`:
 * the key is that of the account at this address.
 */
type Found = 'served' | 'deactivated' | 'key-refused' | 'doubt' | { readonly elsewhere: string };

/**
 * Looks after a request was refused. That may be about the account or about what was asked, and CAs word a signature
 * that does not fit in many ways: whatever its type, the CA is asked to show the account, and where it refuses that, to
 * find it by its key. One that is deactivated is refused as well (RFC 8555 section 7.3.6 wants that).
 */
async function lookAt({ client, accountUrl }: IssuerSession, signal: AbortSignal): Promise<Found> {
  let shown: unknown;
  try {
    return (await client.getAccount(signal)).status === 'valid' ? 'served' : 'deactivated';
  } catch (error) {
    signal.throwIfAborted();
    if (!isAnswer(error)) return 'served';
    shown = error;
  }
  try {
    const { url, account } = await client.newAccount({ onlyReturnExisting: true }, signal);
    if (account.status !== 'valid') return 'deactivated';
    return url === accountUrl ? 'served' : { elsewhere: url };
  } catch (error) {
    signal.throwIfAborted();
    if (!isAnswer(error)) return 'served';
    if (!isRefusal(shown)) return 'doubt';
    return isProblem(error, 'unauthorized') ? 'deactivated' : 'key-refused';
  }
}

/** Whether the CA said something of it, rather than nothing, or that it was asked too often. */
function isAnswer(error: unknown): boolean {
  const { httpStatus } = asEverbindError(error).facts;
  return httpStatus !== undefined && httpStatus !== 429;
}

/** Has the next attempt use what the CA may take: the account where it is, the other key, or another account. */
function settleAccount(
  ports: AcmePorts,
  transaction: Transaction,
  { config, accountUrl }: IssuerSession,
  found: Exclude<Found, 'served'>,
): void {
  const row = readAccount(transaction.db, config);
  if (row === null || row.url !== accountUrl) return;
  if (typeof found === 'object') noteMoved(transaction, row, found.elsewhere);
  else if (found !== 'deactivated' && row.nextKey !== null && row.rolloverCode !== KEY_REFUSED) {
    swapKeys(transaction, row, KEY_REFUSED);
  } else if (found !== 'doubt') {
    replaceOnceADay(ports, transaction, config, accountUrl, `account.${found}`);
  }
}

const KEY_REFUSED = 'ACME_ACCOUNT_KEY_REFUSED';

function keyRefused({ config, accountUrl }: IssuerSession, refusal: unknown): EverbindError {
  const { message } = asEverbindError(refusal);
  return new EverbindError(
    KEY_REFUSED,
    `${config.name} does not accept the key of our account ${accountUrl}: ${message}`,
    { issuer: config.name, account: accountUrl },
    { cause: refusal },
  );
}

async function forget({ store }: AcmePorts, { config, accountUrl }: IssuerSession): Promise<void> {
  await store.commit((transaction) => forgetAccount(transaction, config, accountUrl));
}
