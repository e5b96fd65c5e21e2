/** A piece of work that waits for a transaction. */
export interface Queued {
  /** Called once, with why it failed, or null. */
  readonly settle: (failed: { readonly failure: unknown } | null) => void;
}

export interface CommitQueue<Work extends Queued> {
  add(work: Work): void;
  /** Runs everything that waits, now. */
  drain(): void;
}

/** Works of one transaction; more wait for the next, so that a flood does not keep everything else from running. */
const MOST_WORKS = 256;

/**
 * A commit waits for the disk and nothing else runs meanwhile. Under load the disk therefore rests this many times as long as the last
 * commit took, and what comes in shares the next one; where works come one by one, each is written at once.
 */
const REST = 3;

const MOST_REST_MS = 50;

/** A lock of another process: how often to try again, and for how long. */
const RETRY_MS = 20;
const PATIENCE_MS = 5000;

/**
 * Gathers works into groups. `runGroup` runs one transaction and settles its works; with `patient` it may instead answer false when another
 * process holds the lock, and is called again later.
 */
export function createCommitQueue<Work extends Queued>(
  runGroup: (works: readonly Work[], patient: boolean) => boolean,
): CommitQueue<Work> {
  let waiting: Work[] = [];
  let scheduled = false;
  /** When the next flush may begin, and since when the lock is held by others: ms of performance.now(). */
  let earliest = 0;
  let busySince: number | null = null;

  function flush(patient: boolean): void {
    const begun = performance.now();
    const works = waiting.slice(0, MOST_WORKS);
    if (!runGroup(works, patient && begun - (busySince ?? begun) < PATIENCE_MS)) {
      busySince ??= begun;
      earliest = begun + RETRY_MS;
      return;
    }
    busySince = null;
    waiting = waiting.slice(works.length);
    const ended = performance.now();
    earliest = works.length > 1 ? ended + Math.min(REST * (ended - begun), MOST_REST_MS) : 0;
  }

  function schedule(): void {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    const run = (): void => {
      scheduled = false;
      if (waiting.length > 0) flush(true);
      schedule();
    };
    const rest = earliest - performance.now();
    // After the I/O callbacks of this turn: everything that they unblocked shares the transaction.
    if (rest < 1) setImmediate(run);
    else setTimeout(run, rest);
  }

  return {
    add: (work) => {
      waiting.push(work);
      schedule();
    },
    drain: () => {
      while (waiting.length > 0) flush(false);
    },
  };
}
