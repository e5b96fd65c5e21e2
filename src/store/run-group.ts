import type { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '../audit/event.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import type { Clock } from '../ports/clock.ts';
import type { AuditAppender } from './audit-log.ts';
import type { CheckpointPin } from './checkpoint-pin.ts';
import type { Failed, Group, Queued } from './commit-queue.ts';
import { isBusy, storeFailure } from './store-failure.ts';
import { statement } from './statements.ts';
import { leaseToken } from './lease-row.ts';

/** What a work may do. Ends with the work. */
export interface Transaction {
  readonly db: DatabaseSync;
  /** Appends an event to the audit log, in this transaction. */
  audit(event: AuditEvent): void;
}

/** A lease as commits check it. */
export interface Fence {
  readonly token: number;
  /** Called when a commit found another token. May be called again. */
  readonly onLost: (error: EverbindError) => void;
}

export interface CommitWork extends Queued {
  readonly run: (transaction: Transaction) => void;
  /** The lease that must still be held; null when none need be. */
  readonly fence: Fence | null;
}

export interface GroupParts {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly clock: Clock;
  readonly log: AuditAppender;
  readonly pin: CheckpointPin;
  /** null until the audit log has its key. */
  readonly signer: () => CheckpointSigner | null;
}

/** Runs works in one transaction, each in a savepoint of its own. See createCommitQueue for the answer. */
export function createGroupRunner({ db, path, clock, log, pin, signer }: GroupParts) {
  let pinChecked = false;

  const transaction: Transaction = {
    db,
    audit: (event) => {
      const key = signer();
      if (key === null) throw new EverbindError('INTERNAL', 'the audit log has no signing key yet');
      log.add(event, clock.now(), key);
    },
  };

  /** Null, or why this work failed. A failure that ended the whole transaction is thrown. */
  function runWork(work: CommitWork): Failed {
    if (work.fence !== null && work.fence.token !== leaseToken(db)) {
      return { failure: new EverbindError('STORE_LEASE_LOST', 'another Everbind has taken over this state folder') };
    }
    const mark = log.mark();
    statement(db, 'SAVEPOINT work').run();
    try {
      work.run(transaction);
      statement(db, 'RELEASE work').run();
      return null;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (!db.isTransaction) throw error;
      db.exec('ROLLBACK TO work; RELEASE work');
      log.rewind(mark);
      return { failure: storeFailure(error, path) };
    }
  }

  /**
   * Once a run: what the log signed last as far as this machine remembers, against what is there. True when they
   * conflict; that is logged.
   */
  function checkPin(key: CheckpointSigner): boolean {
    const pinned = pin.read();
    if (pinned === null || log.continues(pinned, key)) return false;
    const mark = log.mark();
    try {
      log.add({ type: 'audit.conflict', subject: 'audit', data: { checkpoint: pinned } }, clock.now(), key);
      return true;
    } catch {
      // The log cannot be continued at all: whoever logs something is told.
      log.rewind(mark);
      return false;
    }
  }

  /** What failed, and the new checkpoint, if there is one. */
  function runAll(works: readonly CommitWork[]): {
    readonly failures: ReadonlyMap<CommitWork, Failed>;
    readonly note: string | null;
  } {
    log.begin();
    const key = signer();
    const conflict = key !== null && !pinChecked && checkPin(key);
    const failures = new Map<CommitWork, Failed>();
    for (const work of works) {
      const failed = runWork(work);
      if (failed !== null) failures.set(work, failed);
    }
    const note = key === null ? null : log.finish(key);
    db.exec('COMMIT');
    log.committed();
    if (key !== null) pinChecked = true;
    if (conflict) pin.setAside();
    return { failures, note };
  }

  return (works: readonly CommitWork[], patient: boolean): Group | null => {
    let failures: ReadonlyMap<CommitWork, Failed>;
    let note: string | null = null;
    try {
      if (!begin(db, patient)) return null;
      ({ failures, note } = runAll(works));
    } catch (error) {
      const failed = { failure: storeFailure(error, path) };
      failures = new Map(works.map((work) => [work, failed]));
    } finally {
      end(db);
    }
    return {
      settle: (unsynced) => {
        if (note !== null && unsynced === null) pin.keep(note);
        const lost: Failed = unsynced === null ? null : { failure: storeFailure(unsynced.failure, path) };
        for (const work of works) {
          const failed = failures.get(work) ?? lost;
          const failure = failed?.failure;
          if (failure instanceof EverbindError && failure.code === 'STORE_LEASE_LOST') work.fence?.onLost(failure);
          work.settle(failed);
        }
      },
    };
  };
}

/** False when another process holds the lock and there is time to wait. */
function begin(db: DatabaseSync, patient: boolean): boolean {
  try {
    statement(db, 'BEGIN IMMEDIATE').run();
    return true;
  } catch (error) {
    if (patient && isBusy(error)) return false;
    throw error;
  }
}

/** No transaction stays open, whatever happened. */
function end(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('ROLLBACK');
  } catch {
    // The disk is gone; the next transaction says so.
  }
}
