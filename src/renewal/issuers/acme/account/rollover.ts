import { asEverbindError, EverbindError } from '../../../../errors/error.ts';
import type { KeyHandle } from '../../../../ports/key-store.ts';
import { statement } from '../../../../store/statements.ts';
import { type AccountRow, dueRollovers, finishRollover, readAccount } from '../../../state/account-table.ts';
import { newAccountKey } from './account-session.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import { isAccountGone } from '../../../engine/failure.ts';
import type { IssuerSession } from './issuer-session.ts';
import { openOrMake } from './open-key.ts';
import { recordsNameKey } from './persist-records.ts';
import { scheduleKeyDeletion } from '../../../state/key-deletions.ts';

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
 * Gives the account of an issuer a new key (RFC 8555 section 7.3.5): the handle is journaled before the key is made, the key made before the CA
 * is asked, and the old one is destroyed only when the CA knows the account by the new one. A kill in between is settled when the account is
 * opened next. Throws RENEWAL_NO_ACCOUNT, RENEWAL_UNDER_WAY, and what the CA says; that is noted, and the next time put off.
 */
export async function rollOver(context: RunContext, issuer: string): Promise<Rollover> {
  const session = await context.sessions.open(issuer);
  const { config, accountUrl: url, client } = session;
  const { store, keys, clock, signal } = context;
  refuseWhileAnswering(context, issuer);
  const row = store.read((db) => readAccount(db, config));
  if (row === null || row.url !== url) throw noAccount(issuer);
  const key = row.nextKey ?? newAccountKey(context);
  if (row.nextKey === null) {
    await store.commit(({ db, audit }) => {
      const note = 'UPDATE account SET next_key = ? WHERE issuer = ? AND directory = ?';
      statement(db, note).run(key, issuer, config.directory);
      audit({ type: 'account.rollover-started', subject: issuer, data: { url, key: row.keyHandle, next: key } });
    });
  }
  try {
    await client.rolloverKey(await openOrMake(keys, key, config.accountKey), signal);
  } catch (error) {
    signal.throwIfAborted();
    await noteFailure(context, session, { ...row, nextKey: key }, error);
    throw error;
  }
  await store.commit((transaction) => finishRollover(transaction, { ...row, nextKey: key }, clock.now()));
  return { issuer, url, key, before: row.keyHandle, recordsStale: await recordsNameKey(context, session) };
}

/** Rolls over what is due. One that fails keeps nobody from the others; why is noted. */
export async function rollOverDue(context: RunContext): Promise<void> {
  const { store, clock, sessions, signal } = context;
  const due = (): readonly string[] => store.read((db) => dueRollovers(db, clock.now()));
  for (const issuer of due()) {
    signal.throwIfAborted();
    try {
      const session = await sessions.open(issuer);
      // Opening the account may have finished a rollover of before.
      if (!due().includes(issuer)) continue;
      // Nobody is there to replace the records: the key stays, and a person may change both.
      if (await recordsNameKey(context, session)) await putOff(context, session);
      else await rollOver(context, issuer);
    } catch {
      signal.throwIfAborted();
    }
  }
}

async function putOff({ store, clock }: RunContext, { config }: IssuerSession): Promise<void> {
  const again = clock.now() + AFTER_REFUSAL_MS;
  await store.commit(({ db }) => {
    const sql = 'UPDATE account SET rollover_after = ? WHERE issuer = ? AND directory = ? AND next_key IS NULL';
    statement(db, sql).run(again, config.name, config.directory);
  });
}

/** Answers to challenges name the account's key (RFC 8555 section 8.1): the CA must not look at one while the key changes. */
function refuseWhileAnswering({ store }: RunContext, issuer: string): void {
  const answering = store.read((db) =>
    statement(
      db,
      `SELECT c.name FROM challenge_response p JOIN renewal r ON r.id = p.renewal_id JOIN certificate c ON c.id = r.certificate_id
       WHERE r.issuer = ? AND r.outcome IS NULL LIMIT 1`,
    ).get(issuer),
  );
  if (answering === undefined) return;
  const name = answering['name'] as string;
  throw new EverbindError('RENEWAL_UNDER_WAY', `answers to challenges of ${name} are visible still`, { name });
}

/** Throws RENEWAL_NO_ACCOUNT unless the CA has told us an account. */
export function requireAccount({ store }: Pick<RunContext, 'store'>, issuer: string): void {
  const sql = 'SELECT 1 FROM account WHERE issuer = ? AND url IS NOT NULL';
  if (store.read((db) => statement(db, sql).get(issuer)) === undefined) throw noAccount(issuer);
}

function noAccount(issuer: string): EverbindError {
  return new EverbindError('RENEWAL_NO_ACCOUNT', `there is no account with an issuer ${issuer}`, { issuer });
}

/**
 * A CA that refused has changed nothing, and says so once more for the old key: the new one is given up. After any other failure the CA may know
 * either, now or a moment later: the new key is kept.
 */
async function noteFailure(
  { store, clock, signal }: RunContext,
  { client }: IssuerSession,
  { issuer, directory, url, nextKey }: AccountRow,
  error: unknown,
): Promise<void> {
  const { code } = asEverbindError(error);
  const refused = isRefusal(error) && (await client.getAccount(signal).catch(() => null))?.status === 'valid';
  const again = clock.now() + (refused ? AFTER_REFUSAL_MS : AFTER_FAILURE_MS);
  await store.commit((transaction) => {
    statement(
      transaction.db,
      `UPDATE account SET rollover_after = ?, rollover_code = ?, next_key = iif(?, NULL, next_key) WHERE issuer = ? AND directory = ?`,
    ).run(again, code, refused ? 1 : 0, issuer, directory);
    if (refused && nextKey !== null) scheduleKeyDeletion(transaction, issuer, nextKey, clock.now());
    transaction.audit({
      type: 'account.rollover-failed',
      subject: issuer,
      data: { url, code, givenUp: refused, again: new Date(again).toISOString() },
    });
  });
}

/** Whether the CA did not take the request at all: it offers no key changes, answers 501 (step-ca does), or says what is wrong. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof EverbindError)) return false;
  if (error.code === 'ACME_NOT_OFFERED') return true;
  if (error.code !== 'ACME_PROBLEM' && error.code !== 'ACME_UNEXPECTED_RESPONSE') return false;
  // The proof after the change: the CA took it, and one of its servers may not know yet.
  if (isAccountGone(error)) return false;
  const { status } = error.details;
  return typeof status === 'number' && ((status >= 400 && status < 500 && status !== 429) || status === 501);
}
