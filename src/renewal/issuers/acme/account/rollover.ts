import { offered } from '../../../../acme/messages/directory.ts';
import { asEverbindError, EverbindError } from '../../../../errors/error.ts';
import type { KeyHandle } from '../../../../ports/key-store.ts';
import {
  type AccountRow,
  dueRollovers,
  finishRollover,
  hasAccount,
  noteRolloverFailed,
  putOffRollover,
  readAccount,
  startRollover,
} from '../../../state/account-table.ts';
import { closedUntil } from '../../../state/issuer-health.ts';
import { visibleTo } from '../../../state/challenge-table.ts';
import type { AcmePorts, AcmeRun, IssuerSession } from '../acme-ports.ts';
import { isRefusal, newAccountKey, openOrMake } from './account-session.ts';
import { recordsNameKey } from './persist-records.ts';

const DAY = 86_400_000;
/** A CA that knows no key changes may learn it. */
const AFTER_REFUSAL_MS = 30 * DAY;
const AFTER_FAILURE_MS = DAY;

/** A change of an account's key that is done. */
export interface Rollover {
  readonly issuer: string;
  readonly url: string;
  /** Handles of the new key and of the one before, which is destroyed. */
  readonly key: KeyHandle;
  readonly before: KeyHandle;
  /** Records of dns-persist-01 name the key before, and have to be replaced. */
  readonly recordsStale: boolean;
}

/**
 * Gives the account of an issuer a new key (RFC 8555 section 7.3.5): the handle is journaled before the key is made,
 * the key made before the CA is asked, and the old one is destroyed only when the CA knows the account by the new one.
 * A kill in between is settled when the account is opened next. Throws RENEWAL_NO_ACCOUNT, RENEWAL_UNDER_WAY, and what
 * the CA says; that is noted, and the next time put off.
 */
export async function rollOver(run: AcmeRun, issuer: string): Promise<Rollover> {
  const session = await run.sessions.open(issuer, run.signal);
  const { config, accountUrl: url, client } = session;
  const { store, keys, clock, signal } = run;
  refuseWhileValidating(run, issuer);
  const row = store.read((db) => readAccount(db, config));
  if (row === null || row.url !== url) throw noAccount(issuer);
  // Before a key is chosen, and the log says that a change was begun.
  if (row.nextKey === null) await requireKeyChange(run, session, row);
  const key = row.nextKey ?? newAccountKey(run);
  if (row.nextKey === null) await store.commit((transaction) => startRollover(transaction, row, key));
  try {
    await client.rolloverKey(await openOrMake(keys, key, config.accountKey), signal);
  } catch (error) {
    signal.throwIfAborted();
    await noteFailure(run, session, { ...row, nextKey: key }, error);
    throw error;
  }
  await store.commit((transaction) => finishRollover(transaction, { ...row, nextKey: key }, clock.now()));
  return { issuer, url, key, before: row.keyHandle, recordsStale: await recordsNameKey(run, session) };
}

/** Rolls over what is due. One that fails keeps nobody from the others; why is noted. */
export async function rollOverDue(run: AcmeRun): Promise<void> {
  const { store, clock, sessions, signal } = run;
  const due = (): readonly string[] => store.read((db) => dueRollovers(db, clock.now()));
  for (const issuer of due()) {
    signal.throwIfAborted();
    // An issuer that does not work keeps nobody waiting for this.
    if (store.read((db) => closedUntil(db, issuer, clock.now())) !== null) continue;
    try {
      const session = await sessions.open(issuer, signal);
      // Opening the account may have finished a rollover of before.
      if (!due().includes(issuer)) continue;
      // Nobody is there to replace the records: the key stays, and a person may change both.
      if (await recordsNameKey(run, session)) await putOff(run, session);
      else await rollOver(run, issuer);
    } catch {
      signal.throwIfAborted();
    }
  }
}

async function putOff({ store, clock }: AcmeRun, { config }: IssuerSession): Promise<void> {
  await store.commit((transaction) => putOffRollover(transaction, config, clock.now() + AFTER_REFUSAL_MS));
}

/**
 * Challenge responses name the account's key (RFC 8555 section 8.1): the CA must not look at one while the key changes.
 */
function refuseWhileValidating({ store }: AcmeRun, issuer: string): void {
  const name = store.read((db) => visibleTo(db, issuer));
  if (name === null) return;
  throw new EverbindError('RENEWAL_UNDER_WAY', `challenge responses of ${name} are visible still`, { name });
}

/** Notes, and throws as ACME_NOT_OFFERED, that the directory lists no key change. */
async function requireKeyChange(run: AcmeRun, session: IssuerSession, row: AccountRow): Promise<void> {
  const { keyChange } = await session.client.directory(run.signal);
  try {
    offered(keyChange, 'keyChange');
  } catch (error) {
    await noteFailure(run, session, row, error);
    throw error;
  }
}

/** Throws RENEWAL_NO_ACCOUNT unless the CA has told us an account. */
export function requireAccount({ store }: Pick<AcmePorts, 'store'>, issuer: string): void {
  if (!store.read((db) => hasAccount(db, issuer))) throw noAccount(issuer);
}

function noAccount(issuer: string): EverbindError {
  return new EverbindError('RENEWAL_NO_ACCOUNT', `there is no account with an issuer ${issuer}`, { issuer });
}

/**
 * A CA that refused has changed nothing, and says so once more for the old key: the new one is abandoned. After any
 * other failure the CA may know either, now or a moment later: the new key is kept.
 */
async function noteFailure(
  { store, clock, signal }: AcmeRun,
  { client }: IssuerSession,
  row: AccountRow,
  error: unknown,
): Promise<void> {
  const { code } = asEverbindError(error);
  const refused = isKeyChangeRefused(error) && (await client.getAccount(signal).catch(() => null))?.status === 'valid';
  const again = clock.now() + (refused ? AFTER_REFUSAL_MS : AFTER_FAILURE_MS);
  await store.commit((transaction) => noteRolloverFailed(transaction, row, { code, refused, again, now: clock.now() }));
}

/**
 * Whether the CA did not take the request at all: it offers no key changes, answers 501 (step-ca does), or says what is
 * wrong.
 */
function isKeyChangeRefused(error: unknown): boolean {
  if (isRefusal(error)) return true;
  return error instanceof EverbindError && (error.code === 'ACME_NOT_OFFERED' || error.facts.httpStatus === 501);
}
