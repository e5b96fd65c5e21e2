import type { DatabaseSync } from 'node:sqlite';
import type { IssuerConfig } from '../../config/types.ts';
import type { KeyHandle } from '../../ports/key-store.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { appliedConfig } from './applied-config.ts';
import { scheduleKeyDeletion } from './key-deletions.ts';

/** Our account with one CA. Times are milliseconds since 1970. */
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

function toAccount(row: Record<string, unknown>): AccountRow {
  return {
    issuer: row['issuer'] as string,
    directory: row['directory'] as string,
    keyHandle: row['key_handle'] as string,
    url: row['url'] as string | null,
    keyAt: row['key_at'] as number | null,
    nextKey: row['next_key'] as string | null,
    rolloverAfter: row['rollover_after'] as number,
    rolloverCode: row['rollover_code'] as string | null,
  };
}

/** The account with this issuer at its directory. */
export function readAccount(
  db: DatabaseSync,
  { name, directory }: Pick<IssuerConfig, 'name' | 'directory'>,
): AccountRow | null {
  const row = statement(db, 'SELECT * FROM account WHERE issuer = ? AND directory = ?').get(name, directory);
  return row === undefined ? null : toAccount(row);
}

/** Every account that a CA knows, by issuer. */
export function listAccounts(db: DatabaseSync): readonly AccountRow[] {
  return statement(db, 'SELECT * FROM account WHERE url IS NOT NULL ORDER BY issuer, directory').all().map(toAccount);
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
