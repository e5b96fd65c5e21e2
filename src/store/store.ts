import type { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '../audit/event.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import type { Clock } from '../ports/clock.ts';
import { createAuditAppender } from './audit-log.ts';
import { storeFailure } from './failure.ts';
import { openDatabase } from './open-database.ts';

/** The one database of Everbind. */
export interface Store {
  /** The file. */
  readonly path: string;
  /**
   * Runs the work in a transaction and resolves with its result once that is synced to disk. Works that wait at the same time share one
   * transaction; one that throws is rolled back alone. Rejects with what the work threw, or with STORE_FULL, STORE_BUSY, STORE_CORRUPT,
   * STORE_FAILED, STORE_LEASE_LOST, in which case nothing of it is stored.
   */
  commit<T>(work: (transaction: Transaction) => T): Promise<T>;
  /** Reads the state after the last commit. The work must not keep or change the database. */
  read<T>(work: (db: DatabaseSync) => T): T;
  /** Events can be logged from now on. */
  signWith(signer: CheckpointSigner): void;
  /** Every commit from now on fails with STORE_LEASE_LOST unless the lease still has this token; null ends that. */
  fence(token: number | null): void;
  /** Called with every new checkpoint after its commit. */
  onCheckpoint(listener: (note: string) => void): void;
  /** Waits for commits under way. */
  close(): Promise<void>;
}

export interface Transaction {
  readonly db: DatabaseSync;
  /** Appends an event to the audit log, in this transaction. */
  audit(event: AuditEvent): void;
}

export interface StoreOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly readOnly?: boolean;
}

interface Waiting {
  readonly run: (transaction: Transaction) => void;
  readonly settle: (failure: Error | null) => void;
}

/** Works of one transaction; more wait for the next, so that a flood does not starve readers. */
const MOST_WORKS = 256;

/**
 * A commit waits for the disk and nothing else runs meanwhile. Under load the disk therefore rests this many times as long as the last commit
 * took, and what comes in shares the next one; a work that comes alone is written at once.
 */
const REST = 2;

/** Opens or creates the database. Throws STORE_NOT_FOUND, STORE_NEWER, STORE_MIGRATION_CHANGED, STORE_FAILED, STORE_CORRUPT, STORE_BUSY. */
export function openStore({ path, clock, readOnly = false }: StoreOptions): Store {
  const db = guarded(path, () => openDatabase(path, readOnly));
  const log = readOnly ? null : createAuditAppender(db);
  const leaseToken = db.prepare('SELECT token FROM lease WHERE id = 1');
  const listeners: ((note: string) => void)[] = [];
  let waiting: Waiting[] = [];
  let scheduled = false;
  /** When the next flush may begin, and how long the last one took, in milliseconds of performance.now(). */
  let earliest = 0;
  let signer: CheckpointSigner | null = null;
  let fence: number | null = null;
  let closed: EverbindError | null = null;

  const transaction: Transaction = {
    db,
    audit: (event) => {
      if (log === null || signer === null) throw new EverbindError('INTERNAL', 'the audit log has no signing key yet');
      log.add(event, clock.now());
    },
  };

  function flush(): void {
    scheduled = false;
    const begun = performance.now();
    flushWorks();
    const ended = performance.now();
    earliest = ended + REST * (ended - begun);
    if (waiting.length > 0) schedule();
  }

  function flushWorks(): void {
    const works = waiting.slice(0, MOST_WORKS);
    waiting = waiting.slice(MOST_WORKS);
    if (works.length === 0) return;
    const failures = new Map<Waiting, Error>();
    let note: string | null = null;
    try {
      db.exec('BEGIN IMMEDIATE');
      log?.begin();
      if (fence !== null && leaseToken.get()?.['token'] !== fence) {
        throw new EverbindError('STORE_LEASE_LOST', 'another Everbind has taken over this state folder');
      }
      for (const work of works) {
        const mark = log?.mark();
        db.exec('SAVEPOINT work');
        try {
          work.run(transaction);
          db.exec('RELEASE work');
        } catch (error) {
          // An error such as a full disk may have ended the transaction already; then the outer catch takes them all.
          if (!db.isTransaction) throw error;
          db.exec('ROLLBACK TO work; RELEASE work');
          if (mark !== undefined) log?.rewind(mark);
          failures.set(work, storeFailure(error, path));
        }
      }
      if (log?.pending === true && signer !== null) note = log.finish(signer);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      const failure = storeFailure(error, path);
      for (const work of works) work.settle(failures.get(work) ?? failure);
      return;
    }
    if (note !== null) for (const listener of listeners) listener(note);
    for (const work of works) work.settle(failures.get(work) ?? null);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // After the I/O callbacks of this turn: everything that they unblocked shares the transaction.
    const rest = earliest - performance.now();
    if (rest < 1) setImmediate(flush);
    else setTimeout(flush, rest);
  }

  return {
    path,
    commit: <T>(work: (transaction: Transaction) => T) =>
      new Promise<T>((resolve, reject) => {
        if (closed !== null) {
          reject(closed);
          return;
        }
        let result: T;
        waiting.push({
          run: (current) => {
            result = work(current);
          },
          settle: (failure) => (failure === null ? resolve(result) : reject(failure)),
        });
        schedule();
      }),
    read: (work) => guarded(path, () => work(db)),
    signWith: (key) => {
      signer = key;
    },
    fence: (token) => {
      fence = token;
    },
    onCheckpoint: (listener) => void listeners.push(listener),
    close: async () => {
      if (closed !== null) return;
      while (waiting.length > 0) flush();
      closed = new EverbindError('STORE_FAILED', 'the database is closed');
      db.close();
    },
  };
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeFailure(error, path);
  }
}
