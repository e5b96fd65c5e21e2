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
import { type CommitWork, createGroupRunner, type Fence, type Transaction } from './run-group.ts';
import { statement } from './statements.ts';

export type { Transaction } from './run-group.ts';

/** The database as far as it is read. */
export interface StoreReader {
  /** The file. */
  readonly path: string;
  /**
   * Reads one state: that after the last commit, or within a work that of its transaction. Changes are taken back. The
   * work must not keep the database.
   */
  read<T>(work: (db: DatabaseSync) => T): T;
  /** Waits for commits under way. */
  close(): Promise<void>;
}

/** The one database of Everbind. */
export interface Store extends StoreReader {
  /**
   * Runs the work in a transaction and resolves with its result once that is synced to disk. Works that wait at the
   * same time share one transaction; one that throws is rolled back alone. Rejects with what the work threw, or with
   * STORE_FULL, STORE_BUSY, STORE_CORRUPT, STORE_FAILED, STORE_LEASE_LOST; then nothing of it is stored (unless the
   * disk failed while it synced: then nobody knows, and every later commit fails too). The work must be synchronous.
   * While a lease is held, the commit checks it; only taking the lease itself is not fenced.
   */
  commit<T>(work: (transaction: Transaction) => T, options?: { readonly fenced?: boolean }): Promise<T>;
  /** Events can be logged from now on. */
  signWith(signer: CheckpointSigner): void;
  /** Every commit from now on fails with STORE_LEASE_LOST unless the lease still has this token. For acquireLease. */
  fence(fence: Fence): void;
  /**
   * Whether the lease is still ours, as far as the database says now; true where none was taken. For effects that no
   * commit stands before.
   */
  holdsLease(): boolean;
}

export interface StoreOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Opens beside a writer; commits are refused. */
  readonly readOnly?: boolean;
  /**
   * Nothing waits for the disk, and a crash of the machine may lose it all: for simulations, whose time is not real.
   */
  readonly volatile?: boolean;
  /** Those of the program, unless a test says otherwise. */
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
  const queue = createCommitQueue<CommitWork>(runGroup, volatile ? null : disk.sync);
  let closing: Promise<void> | null = null;
  let refused = readOnly ? new EverbindError('INTERNAL', `${path} was opened for reading only`) : null;

  async function close(): Promise<void> {
    refused = new EverbindError('STORE_FAILED', 'the database is closed', { path });
    await queue.drain();
    await disk.close();
    db.close();
    await pin.close();
  }

  return {
    path,
    commit: <T>(work: (transaction: Transaction) => T, { fenced = true }: { readonly fenced?: boolean } = {}) =>
      new Promise<T>((resolve, reject) => {
        if (refused !== null) {
          reject(refused);
          return;
        }
        let result: T;
        queue.add({
          fence: fenced ? fence : null,
          run: (transaction) => {
            result = work(transaction);
            if (result instanceof Promise) throw new Error('the work of a transaction must be synchronous');
          },
          settle: (failed) => {
            if (failed === null) resolve(result);
            else reject(failed.failure);
          },
        });
      }),
    read: (work) => readOneState(path, db, work),
    signWith: (key) => {
      signer = key;
    },
    fence: (lease) => {
      fence = lease;
    },
    holdsLease: () => fence === null || guarded(path, () => leaseToken(db)) === fence.token,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Opens the audit log of a database for reading, and nothing else of it: evidence stays readable whichever Everbind
 * wrote the rest. Throws STORE_NOT_FOUND, STORE_FOREIGN (no log that this program can read), STORE_FAILED,
 * STORE_CORRUPT, STORE_BUSY.
 */
export function openAuditLog(path: string): StoreReader {
  const db = guarded(path, () => openForReadingLog(path));
  return {
    path,
    read: (work) => readOneState(path, db, work),
    close: async () => db.close(),
  };
}

/**
 * Brings the write-ahead log of the database at `path`, which stays open meanwhile, to disk: SQLite removes that file
 * only with its last connection. A commit is durable once its frames in the log are (sqlite.org/wal.html); SQLite
 * itself syncs log and database where a checkpoint needs it.
 */
function createLogSync(path: string): { readonly sync: () => Promise<void>; readonly close: () => Promise<void> } {
  let log: Promise<FileHandle> | null = null;
  return {
    sync: async () => {
      // Windows flushes only what may be written.
      log ??= open(`${path}-wal`, 'r+');
      await (await log).datasync();
    },
    close: async () => {
      const opened = log;
      log = null;
      await (await opened?.catch(() => null))?.close();
    },
  };
}

function readOneState<T>(path: string, db: DatabaseSync, work: (db: DatabaseSync) => T): T {
  return guarded(path, () => {
    if (db.isTransaction) return work(db);
    statement(db, 'BEGIN').run();
    try {
      return work(db);
    } finally {
      statement(db, 'ROLLBACK').run();
    }
  });
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeFailure(error, path);
  }
}
