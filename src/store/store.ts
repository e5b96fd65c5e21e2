import { type FileHandle, open } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import type { Clock } from '../ports/clock.ts';
import { createAuditAppender } from './audit-log.ts';
import { createCheckpointPin } from './checkpoint-pin.ts';
import { createCommitQueue } from './commit-queue.ts';
import { storeFailure } from './store-failure.ts';
import type { Migration } from './migrations.ts';
import { openForReading, openForReadingLog, openForWriting } from './open-database.ts';
import { leaseToken } from './lease-row.ts';
import { type CommitJob, createGroupRunner, type Fence, leaseLost, type Transaction } from './run-group.ts';
import { statement } from './statements.ts';

export type { Transaction } from './run-group.ts';

/** The database, for reading. */
export interface StoreReader {
  /** The file. */
  readonly path: string;
  /**
   * Reads one state: the one after the last commit, or inside a job the one of its transaction. Changes are rolled
   * back. The query must not keep the database.
   */
  read<T>(query: (db: DatabaseSync) => T): T;
  /** Waits for commits under way. */
  close(): Promise<void>;
}

/** The one database of Everbind. */
export interface Store extends StoreReader {
  /**
   * Runs the job in a transaction and resolves with its result once the transaction is synced to disk. Jobs that wait
   * at the same time share one transaction; a job that throws is rolled back alone. Rejects with what the job threw, or
   * with STORE_FULL, STORE_BUSY, STORE_CORRUPT, STORE_FAILED, STORE_LEASE_LOST; then nothing of the job is stored. When
   * the disk fails during the sync nobody knows what is stored, and every later commit fails too. The job must be
   * synchronous. While a lease is held, the commit checks it; only taking the lease itself is not fenced.
   */
  commit<T>(job: (transaction: Transaction) => T, options?: { readonly fenced?: boolean }): Promise<T>;
  /** From now on jobs can log events. */
  signWith(signer: CheckpointSigner): void;
  /** Every commit from now on fails with STORE_LEASE_LOST unless the lease still has this token. For acquireLease. */
  fence(fence: Fence): void;
  /**
   * Whether the lease is still ours according to the database; true when none was taken. For effects that do not follow
   * a commit.
   */
  holdsLease(): boolean;
  /** Throws STORE_LEASE_LOST unless it is; the holder is told, as after a commit. */
  requireLease(): void;
}

export interface StoreOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Opens beside a writer and refuses commits. */
  readonly readOnly?: boolean;
  /**
   * Does not wait for the disk; a crash of the machine may lose everything. For simulations, whose time is not real.
   */
  readonly volatile?: boolean;
  /** The migrations of the program, unless a test has others. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens or creates the database. Throws STORE_NOT_FOUND and STORE_OUTDATED (for reading only), STORE_BEFORE_RELEASE,
 * STORE_NEWER, STORE_MIGRATION_CHANGED, STORE_FOREIGN, STORE_LEASE_HELD (a newer program waits until an older one has
 * ended), STORE_FAILED, STORE_FULL, STORE_CORRUPT, STORE_BUSY.
 */
export function openStore({ path, clock, readOnly = false, volatile = false, migrations }: StoreOptions): Store {
  const db = guarded(path, () =>
    readOnly ? openForReading(path, migrations) : openForWriting({ path, now: clock.now(), volatile, migrations }),
  );
  const pin = createCheckpointPin(path);
  const log = createAuditAppender(db);
  let signer: CheckpointSigner | null = null;
  let fence: Fence | null = null;
  const disk = createLogSync(path);
  const runGroup = createGroupRunner({ db, path, clock, log, pin, signer: () => signer });
  const queue = createCommitQueue<CommitJob>(runGroup, volatile ? null : disk.sync);
  let closing: Promise<void> | null = null;
  let refused = readOnly ? new EverbindError('INTERNAL', `${path} was opened for reading only`) : null;

  async function close(): Promise<void> {
    refused = new EverbindError('STORE_FAILED', 'the database is closed', { path });
    await queue.drain();
    await disk.close();
    db.close();
    await pin.close();
  }

  const holdsLease = (): boolean => fence === null || guarded(path, () => leaseToken(db)) === fence.token;

  return {
    path,
    commit: <T>(job: (transaction: Transaction) => T, { fenced = true }: { readonly fenced?: boolean } = {}) =>
      new Promise<T>((resolve, reject) => {
        if (refused !== null) {
          reject(refused);
          return;
        }
        let result: T;
        queue.add({
          fence: fenced ? fence : null,
          run: (transaction) => {
            result = job(transaction);
            if (result instanceof Promise) throw new Error('the job of a transaction must be synchronous');
          },
          settle: (failed) => {
            if (failed === null) resolve(result);
            else reject(failed.failure);
          },
        });
      }),
    read: (query) => readOneState(path, db, query),
    signWith: (key) => {
      signer = key;
    },
    fence: (lease) => {
      fence = lease;
    },
    holdsLease,
    requireLease: () => {
      if (holdsLease()) return;
      const error = leaseLost();
      fence?.onLost(error);
      throw error;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Opens only the audit log of a database, for reading. The rest may come from any version of Everbind, so that evidence
 * stays readable. Throws STORE_NOT_FOUND, STORE_FOREIGN (no log that this program can read), STORE_FAILED,
 * STORE_CORRUPT, STORE_BUSY.
 */
export function openAuditLog(path: string): StoreReader {
  const db = guarded(path, () => openForReadingLog(path));
  return {
    path,
    read: (query) => readOneState(path, db, query),
    close: async () => db.close(),
  };
}

/**
 * Brings the write-ahead log of the database at `path` to disk. The database must stay open: SQLite removes the file
 * with the last connection. A commit is durable once its frames in the log are (sqlite.org/wal.html); SQLite itself
 * syncs log and database where a checkpoint needs it.
 */
function createLogSync(path: string): { readonly sync: () => Promise<void>; readonly close: () => Promise<void> } {
  let log: Promise<FileHandle> | null = null;
  return {
    sync: async () => {
      // Windows flushes only files that are open for writing.
      try {
        log ??= open(`${path}-wal`, 'r+');
        await (await log).datasync();
      } catch (error) {
        // The commits of this group fail with it, and so does every later one.
        throw storeFailure(error, path);
      }
    },
    close: async () => {
      const opened = log;
      log = null;
      await (await opened?.catch(() => null))?.close();
    },
  };
}

function readOneState<T>(path: string, db: DatabaseSync, query: (db: DatabaseSync) => T): T {
  return guarded(path, () => {
    if (db.isTransaction) return query(db);
    statement(db, 'BEGIN').run();
    try {
      return query(db);
    } finally {
      statement(db, 'ROLLBACK').run();
    }
  });
}

function guarded<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw storeFailure(error, path);
  }
}
