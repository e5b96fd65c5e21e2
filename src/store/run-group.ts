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

/** What a job may do. Must not be kept once the job has ended. */
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

export interface CommitJob extends Queued {
  readonly run: (transaction: Transaction) => void;
  /** The lease that must still be held; null for none. */
  readonly fence: Fence | null;
}

export interface GroupParts {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly clock: Clock;
  readonly log: AuditAppender;
  readonly pin: CheckpointPin;
  /** null until the audit log has a key. */
  readonly signer: () => CheckpointSigner | null;
}

/** Runs jobs in one transaction, each in a savepoint of its own. Returns what createCommitQueue expects. */
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

  /** Null, or why this job failed. A failure that ended the whole transaction is thrown. */
  function runJob(job: CommitJob): Failed {
    if (job.fence !== null && job.fence.token !== leaseToken(db)) {
      return { failure: leaseLost() };
    }
    const mark = log.mark();
    statement(db, 'SAVEPOINT job').run();
    try {
      job.run(transaction);
      statement(db, 'RELEASE job').run();
      return null;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (!db.isTransaction) throw error;
      db.exec('ROLLBACK TO job; RELEASE job');
      log.rewind(mark);
      return { failure: storeFailure(error, path) };
    }
  }

  /**
   * Compares the checkpoint in the pin with the log, once in the life of the process. True when the log does not
   * continue it; that is logged.
   */
  function checkPin(key: CheckpointSigner): boolean {
    const pinned = pin.read();
    if (pinned === null || log.continues(pinned, key)) return false;
    const mark = log.mark();
    try {
      log.add({ type: 'audit.conflict', subject: 'audit', data: { checkpoint: pinned } }, clock.now(), key);
      return true;
    } catch {
      // The log cannot be continued at all. The next job that logs something fails with the reason.
      log.rewind(mark);
      return false;
    }
  }

  /** The jobs that failed, and the new checkpoint if there is one. */
  function runAll(jobs: readonly CommitJob[]): {
    readonly failures: ReadonlyMap<CommitJob, Failed>;
    readonly note: string | null;
  } {
    log.begin();
    const key = signer();
    const conflict = key !== null && !pinChecked && checkPin(key);
    const failures = new Map<CommitJob, Failed>();
    for (const job of jobs) {
      const failed = runJob(job);
      if (failed !== null) failures.set(job, failed);
    }
    const note = key === null ? null : log.finish(key);
    db.exec('COMMIT');
    log.committed();
    if (key !== null) pinChecked = true;
    if (conflict) pin.setAside();
    return { failures, note };
  }

  return (jobs: readonly CommitJob[], patient: boolean): Group | null => {
    let failures: ReadonlyMap<CommitJob, Failed>;
    let note: string | null = null;
    try {
      if (!begin(db, patient)) return null;
      ({ failures, note } = runAll(jobs));
    } catch (error) {
      const failed = { failure: storeFailure(error, path) };
      failures = new Map(jobs.map((job) => [job, failed]));
    } finally {
      end(db);
    }
    return {
      settle: (unsynced) => {
        if (note !== null && unsynced === null) pin.keep(note);
        for (const job of jobs) {
          const failed = failures.get(job) ?? unsynced;
          const failure = failed?.failure;
          if (failure instanceof EverbindError && failure.code === 'STORE_LEASE_LOST') job.fence?.onLost(failure);
          job.settle(failed);
        }
      },
    };
  };
}

export function leaseLost(): EverbindError {
  return new EverbindError('STORE_LEASE_LOST', 'another Everbind has taken over this state folder');
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

/** Leaves no transaction open, whatever happened. */
function end(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('ROLLBACK');
  } catch {
    // The disk is gone. The next transaction reports it.
  }
}
