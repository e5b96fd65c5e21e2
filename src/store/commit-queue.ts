import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';

/** Why something failed; null when it did not. */
export type Failed = { readonly failure: unknown } | null;

/** A job that waits for a transaction. */
export interface Queued {
  /** Called once. */
  readonly settle: (failed: Failed) => void;
}

/** A transaction that was committed, or that failed. */
export interface Group {
  /** Settles its jobs, once we know whether the disk has them. */
  settle(unsynced: Failed): void;
}

export interface CommitQueue<T extends Queued> {
  add(job: T): void;
  /** Runs everything that was added, without a rest and without waiting for a lock. */
  drain(): Promise<void>;
}

/** Jobs in one transaction. More wait for the next one, so that a flood does not block everything else. */
const MOST_JOBS = 256;

/**
 * Each transaction costs the same few pages, whatever it holds. Under load the queue therefore rests after each one,
 * this many times as long as it took, and the jobs that arrive meanwhile share the next one. Jobs that come one by one
 * are written at once.
 */
const REST = 1;

const MOST_REST_MS = 50;

/** When another process holds the lock: how often to try again, and for how long. */
const RETRY_MS = 20;
const PATIENCE_MS = 5000;

/**
 * Gathers jobs into groups. `runGroup` runs one transaction. With `patient` it may return null instead when another
 * process holds the lock; it is called again later. `sync` brings committed transactions to disk beside the event loop.
 * Once it has failed nobody knows what the disk holds, and every later job fails too. Without `sync` the queue neither
 * waits nor rests.
 */
export function createCommitQueue<T extends Queued>(
  runGroup: (jobs: readonly T[], patient: boolean) => Group | null,
  sync: (() => Promise<void>) | null,
): CommitQueue<T> {
  let waiting: T[] = [];
  let running: Promise<void> | null = null;
  let draining = false;
  let broken: Failed = null;
  /** When the next flush may begin, and since when others hold the lock: ms of performance.now(). */
  let earliest = 0;
  let busySince: number | null = null;

  async function flush(): Promise<void> {
    const begun = performance.now();
    const jobs = waiting.slice(0, MOST_JOBS);
    const patient = !draining && begun - (busySince ?? begun) < PATIENCE_MS;
    const group = broken === null ? runGroup(jobs, patient) : failedGroup(jobs);
    if (group === null) {
      busySince ??= begun;
      earliest = begun + RETRY_MS;
      return;
    }
    busySince = null;
    waiting = waiting.slice(jobs.length);
    if (sync !== null) {
      broken ??= await sync().then(
        () => null,
        (failure: unknown) => ({ failure }),
      );
    }
    group.settle(broken);
    if (sync === null) return;
    const ended = performance.now();
    earliest = jobs.length > 1 ? ended + Math.min(REST * (ended - begun), MOST_REST_MS) : 0;
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const rest = draining ? 0 : earliest - performance.now();
      // After the I/O callbacks of this turn, so that everything they unblock shares the transaction.
      if (rest < 1) await immediate();
      else await sleep(rest);
      await flush();
    }
    running = null;
  }

  return {
    add: (job) => {
      waiting.push(job);
      running ??= run();
    },
    drain: async () => {
      draining = true;
      await running;
    },
  };
}

function failedGroup(jobs: readonly Queued[]): Group {
  return {
    settle: (failed) => {
      for (const job of jobs) job.settle(failed);
    },
  };
}
