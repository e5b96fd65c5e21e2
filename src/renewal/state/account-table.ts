import type { DatabaseSync } from 'node:sqlite';
import type { IssuerConfig } from '../../config/types.ts';
import type { KeyHandle } from '../../ports/key-store.ts';
import { allThatFit, ifReadable, integer, optionalInteger, optionalText, type Row, text } from '../../store/row.ts';
import { requireWhole } from '../../store/row-digest.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { appliedConfig } from './applied-config.ts';
import { scheduleKeyDeletion } from './key-deletions.ts';

// The table `account`: our accounts with CAs. Nothing else writes it. Times are milliseconds since 1970.

/** Our account with one CA. */
export interface AccountRow {
  readonly issuer: string;
  readonly directory: string;
  readonly keyHandle: KeyHandle;
  /** null until the CA has answered. */
  readonly url: string | null;
  /** When the key was chosen; null: not known. */
  readonly keyAt: number | null;
  /** The key of a rollover that is not finished: the CA may know this one or the other. */
  readonly nextKey: KeyHandle | null;
  /** No rollover is tried before. */
  readonly rolloverAfter: number;
  /** Why the last rollover failed. */
  readonly rolloverCode: string | null;
}

/** Throws STORE_CORRUPT when the row is not as it was written. */
function toAccount(db: DatabaseSync, row: Row): AccountRow {
  requireWhole(db, 'account', row);
  return {
    issuer: text(row, 'issuer'),
    directory: text(row, 'directory'),
    keyHandle: text(row, 'key_handle'),
    url: optionalText(row, 'url'),
    keyAt: optionalInteger(row, 'key_at'),
    nextKey: optionalText(row, 'next_key'),
    rolloverAfter: integer(row, 'rollover_after'),
    rolloverCode: optionalText(row, 'rollover_code'),
  };
}

/** Names an account: an issuer of the configuration and the directory of its CA. */
type AccountKey = Pick<IssuerConfig, 'name' | 'directory'>;

/** The account with this issuer at its directory. */
export function readAccount(db: DatabaseSync, { name, directory }: AccountKey): AccountRow | null {
  const row = statement(db, 'SELECT * FROM account WHERE issuer = ? AND directory = ?').get(name, directory);
  return row === undefined ? null : toAccount(db, row);
}

/** Every account that a CA knows, by issuer; without those whose row is damaged. */
export function listAccounts(db: DatabaseSync): readonly AccountRow[] {
  const sql = 'SELECT * FROM account WHERE url IS NOT NULL ORDER BY issuer, directory';
  return allThatFit(statement(db, sql)).flatMap((row) => ifReadable(() => toAccount(db, row)) ?? []);
}

/** Whether a CA has told us an account with an issuer of this name. */
export function hasAccount(db: DatabaseSync, issuer: string): boolean {
  return statement(db, 'SELECT 1 FROM account WHERE issuer = ? AND url IS NOT NULL').get(issuer) !== undefined;
}

const DAY = 86_400_000;

/** Issuers whose account is to have a new key now: its key is old, or a rollover was not finished. */
export function dueRollovers(db: DatabaseSync, now: number): readonly string[] {
  const accounts = listAccounts(db).filter(({ rolloverAfter }) => rolloverAfter <= now);
  if (accounts.length === 0) return [];
  const issuers = appliedConfig(db)?.issuers ?? [];
  return issuers
    .filter(({ name, directory, accountKeyRolloverDays: days }) => {
      const account = accounts.find((candidate) => candidate.issuer === name && candidate.directory === directory);
      if (account === undefined) return false;
      return account.nextKey !== null || (days > 0 && (account.keyAt ?? 0) + days * DAY <= now);
    })
    .map(({ name }) => name);
}

/** Notes an account that is about to be registered with this key, which is not made yet. */
export function insertAccount(
  { db, audit }: Transaction,
  { name, directory }: AccountKey,
  key: KeyHandle,
  now: number,
): void {
  const sql = 'INSERT INTO account (issuer, directory, key_handle, key_at) VALUES (?, ?, ?, ?)';
  statement(db, sql).run(name, directory, key, now);
  audit({ type: 'account.started', subject: name, data: { directory, key } });
}

/** The CA has told us the account. */
export function noteRegistered(
  { db, audit }: Transaction,
  { name, directory }: AccountKey,
  url: string,
  created: boolean,
): void {
  statement(db, 'UPDATE account SET url = ? WHERE issuer = ? AND directory = ?').run(url, name, directory);
  audit({ type: 'account.registered', subject: name, data: { url, created } });
}

/** The CA does not know the account any more: it is registered anew, with its key, when it is needed next. */
export function forgetAccount({ db, audit }: Transaction, { name, directory }: AccountKey, url: string): void {
  const sql = 'UPDATE account SET url = NULL WHERE issuer = ? AND directory = ? AND url = ?';
  const { changes } = statement(db, sql).run(name, directory, url);
  if (changes > 0) audit({ type: 'account.lost', subject: name, data: { url } });
}

/**
 * The CA has deactivated the account, or does not accept its key: another one with another key takes its place. The old
 * keys are destroyed from `destroyAt` on.
 */
export function replaceAccount(
  transaction: Transaction,
  { issuer, directory, url, keyHandle, nextKey }: AccountRow,
  key: KeyHandle,
  {
    now,
    destroyAt,
    event,
  }: {
    readonly now: number;
    readonly destroyAt: number;
    readonly event: 'account.deactivated' | 'account.key-refused';
  },
): void {
  statement(
    transaction.db,
    `UPDATE account SET url = NULL, key_handle = ?, key_at = ?, next_key = NULL, rollover_after = 0, rollover_code = NULL
     WHERE issuer = ? AND directory = ?`,
  ).run(key, now, issuer, directory);
  for (const old of [keyHandle, nextKey]) {
    if (old !== null) scheduleKeyDeletion(transaction, issuer, old, destroyAt);
  }
  transaction.audit({ type: event, subject: issuer, data: { url, key: keyHandle } });
  transaction.audit({ type: 'account.started', subject: issuer, data: { directory, key } });
}

/** The CA has the account of our key at another address. */
export function noteMoved({ db, audit }: Transaction, { issuer, directory, url }: AccountRow, to: string): void {
  statement(db, 'UPDATE account SET url = ? WHERE issuer = ? AND directory = ?').run(to, issuer, directory);
  audit({ type: 'account.moved', subject: issuer, data: { url: to, before: url } });
}

/**
 * The CA refuses the key of an account whose rollover was not finished, and does not tell which key it knows: the other
 * one is used from now on, and both are kept. `code` says so until the next rollover.
 */
export function swapKeys(
  { db, audit }: Transaction,
  { issuer, directory, url, keyHandle, nextKey }: AccountRow,
  code: string,
): void {
  statement(
    db,
    'UPDATE account SET key_handle = next_key, next_key = key_handle, rollover_code = ? WHERE issuer = ? AND directory = ? AND next_key IS NOT NULL',
  ).run(code, issuer, directory);
  audit({ type: 'account.keys-swapped', subject: issuer, data: { url, key: nextKey, before: keyHandle } });
}

/** Notes the key of a rollover, which is not made yet. */
export function startRollover(
  { db, audit }: Transaction,
  { issuer, directory, url, keyHandle }: AccountRow,
  key: KeyHandle,
): void {
  statement(db, 'UPDATE account SET next_key = ? WHERE issuer = ? AND directory = ?').run(key, issuer, directory);
  audit({ type: 'account.rollover-started', subject: issuer, data: { url, key: keyHandle, next: key } });
}

/** The CA knows the account by the new key: that is used from now on. */
export function finishRollover(transaction: Transaction, row: AccountRow, now: number): void {
  const { issuer, directory, url, keyHandle, nextKey } = row;
  if (nextKey === null) return;
  statement(
    transaction.db,
    `UPDATE account SET key_handle = ?, key_at = ?, next_key = NULL, rollover_after = 0, rollover_code = NULL
     WHERE issuer = ? AND directory = ?`,
  ).run(nextKey, now, issuer, directory);
  scheduleKeyDeletion(transaction, issuer, keyHandle, now);
  transaction.audit({ type: 'account.key-changed', subject: issuer, data: { url, key: nextKey, before: keyHandle } });
}

/** No rollover before this; one that was begun goes on. */
export function putOffRollover({ db }: Pick<Transaction, 'db'>, { name, directory }: AccountKey, until: number): void {
  const sql = 'UPDATE account SET rollover_after = ? WHERE issuer = ? AND directory = ? AND next_key IS NULL';
  statement(db, sql).run(until, name, directory);
}

/**
 * A rollover failed. `refused`: the CA changed nothing, so the new key is abandoned; otherwise the CA may know either.
 */
export function noteRolloverFailed(
  transaction: Transaction,
  { issuer, directory, url, nextKey }: AccountRow,
  {
    code,
    refused,
    again,
    now,
  }: { readonly code: string; readonly refused: boolean; readonly again: number; readonly now: number },
): void {
  statement(
    transaction.db,
    `UPDATE account SET rollover_after = ?, rollover_code = ?, next_key = iif(?, NULL, next_key) WHERE issuer = ? AND directory = ?`,
  ).run(again, code, refused ? 1 : 0, issuer, directory);
  if (refused && nextKey !== null) scheduleKeyDeletion(transaction, issuer, nextKey, now);
  transaction.audit({
    type: 'account.rollover-failed',
    subject: issuer,
    data: { url, code, abandoned: refused, again: new Date(again).toISOString() },
  });
}

/**
 * Writes a damaged row anew. Its account is registered again with the key that the row names, so that the CA responds
 * with the one that it has; a key that is not there is made. Returns the issuer.
 */
export function rebuildAccount(db: DatabaseSync, rowid: number): string {
  const row = statement(db, 'SELECT issuer, directory, key_handle FROM account WHERE rowid = ?').get(rowid) ?? {};
  const issuer = text(row, 'issuer');
  const handle = text(row, 'key_handle');
  const sql = 'INSERT OR REPLACE INTO account (rowid, issuer, directory, key_handle) VALUES (?, ?, ?, ?)';
  if (ACCOUNT_KEY.test(handle)) statement(db, sql).run(rowid, issuer, text(row, 'directory'), handle);
  // The next use notes another account, with another key.
  else statement(db, 'DELETE FROM account WHERE rowid = ?').run(rowid);
  return issuer;
}

/** A handle that any key store of this program may have. */
const ACCOUNT_KEY = /^software:[\w.-]+$/;

/** The issuer has another name: its accounts are the same, also with its staging environment. */
export function renameAccounts(db: DatabaseSync, from: string, to: string): void {
  // An account that was left under the new name belongs to nobody's configuration since.
  statement(db, 'UPDATE OR REPLACE account SET issuer = ? WHERE issuer = ?').run(to, from);
}

/** After the clock was put back. */
export function shiftAccounts(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'account', columns: ['rollover_after', 'key_at'] }, shift);
}
