import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';

/** Why something failed; null when it did not. */
export type Failed = { readonly failure: unknown } | null;

/** A piece of work that waits for a transaction. */
export interface Queued {
  /** Called once. */
  readonly settle: (failed: Failed) => void;
}

/** A transaction that was committed, or that failed. */
export interface Group {
  /** Settles its works, once it is known whether the disk has them. */
  settle(unsynced: Failed): void;
}

export interface CommitQueue<T extends Queued> {
  add(work: T): void;
  /** Waits until everything is done that was added; without rest and without patience. */
  drain(): Promise<void>;
}

/** Works of one transaction; more wait for the next, so that a flood does not keep everything else from running. */
const MOST_WORKS = 256;

/**
 * Each transaction costs the same few pages whatever it holds. Under load there is therefore a rest after each, this
 * many times as long as it took, and what comes in shares the next one; where works come one by one, each is written at
 * once.
 */
const REST = 1;

const MOST_REST_MS = 50;

/** A lock of another process: how often to try again, and for how long. */
const RETRY_MS = 20;
const PATIENCE_MS = 5000;

/**
 * Gathers works into groups. `runGroup` runs one transaction; with `patient` it may instead answer null when another
 * process holds the lock, and is called again later. `sync` brings what was committed to disk, beside the event loop;
 * once it has failed nobody knows what the disk holds, and every later work fails as well. Without it there is nothing
 * to wait for, and no rest.
 */
export function createCommitQueue<T extends Queued>(
  runGroup: (works: readonly T[], patient: boolean) => Group | null,
  sync: (() => Promise<void>) | null,
): CommitQueue<T> {
  let waiting: T[] = [];
  let running: Promise<void> | null = null;
  let draining = false;
  let broken: Failed = null;
  /** When the next flush may begin, and since when the lock is held by others: ms of performance.now(). */
  let earliest = 0;
  let busySince: number | null = null;

  async function flush(): Promise<void> {
    const begun = performance.now();
    const works = waiting.slice(0, MOST_WORKS);
    const patient = !draining && begun - (busySince ?? begun) < PATIENCE_MS;
    const group = broken === null ? runGroup(works, patient) : failedGroup(works);
    if (group === null) {
      busySince ??= begun;
      earliest = begun + RETRY_MS;
      return;
    }
    busySince = null;
    waiting = waiting.slice(works.length);
    if (sync !== null) {
      broken ??= await sync().then(
        () => null,
        (failure: unknown) => ({ failure }),
      );
    }
    group.settle(broken);
    if (sync === null) return;
    const ended = performance.now();
    earliest = works.length > 1 ? ended + Math.min(REST * (ended - begun), MOST_REST_MS) : 0;
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const rest = draining ? 0 : earliest - performance.now();
      // After the I/O callbacks of this turn: everything that they unblocked shares the transaction.
      if (rest < 1) await immediate();
      else await sleep(rest);
      await flush();
    }
    running = null;
  }

  return {
    add: (work) => {
      waiting.push(work);
      running ??= run();
    },
    drain: async () => {
      draining = true;
      await running;
    },
  };
}

function failedGroup(works: readonly Queued[]): Group {
  return {
    settle: (failed) => {
      for (const work of works) work.settle(failed);
    },
  };
}
