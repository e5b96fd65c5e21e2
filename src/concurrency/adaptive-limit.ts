/** How a task ended. `overloaded`: the other end has too much to do, or says that it is asked too often. */
export type Ending = 'fine' | 'overloaded' | 'unknown';

/**
 * Lets as many tasks run at a time as the other end bears, which shows only in how they end: one more place after each
 * round that went well, half of them after an overload (additive increase, multiplicative decrease).
 */
export interface AdaptiveLimit {
  /**
   * Waits for a place, first come, first served. What it resolves to gives the place back, and is to be called once.
   * Rejects with the signal's reason.
   */
  enter(signal?: AbortSignal): Promise<(ending: Ending) => void>;
}

const FIRST = 4;
const MOST = 256;
/** So many tasks end well at the level below the one that was too much, before that one is tried again. */
const PROBE_AFTER = 25;
const LONGEST_PROBE = 400;

export function createAdaptiveLimit(): AdaptiveLimit {
  const waiting = new Set<() => void>();
  let running = 0;
  let limit = FIRST;
  /** The level that is known to be borne; found by the first overload. */
  let ceiling = MOST;
  let probeAfter = PROBE_AFTER;
  let fineAtCeiling = 0;
  /** Counts the decreases: tasks that began before the last one say nothing about what came of it. */
  let epoch = 0;

  function admit(): void {
    for (const next of waiting) {
      if (running >= Math.floor(limit)) return;
      waiting.delete(next);
      running += 1;
      next();
    }
  }

  function raise(): void {
    if (limit < ceiling) {
      // Doubles each round until the first overload, as TCP does (RFC 5681).
      limit = Math.min(ceiling, limit + (epoch === 0 ? 1 : 1 / limit));
    } else if (ceiling < MOST && ++fineAtCeiling >= probeAfter) {
      fineAtCeiling = 0;
      ceiling += 1;
    }
  }

  /** `level`: how many ran when the task began. */
  function lower(level: number): void {
    epoch += 1;
    fineAtCeiling = 0;
    if (level > 1) {
      ceiling = Math.min(ceiling, level - 1);
      probeAfter = Math.min(probeAfter * 2, LONGEST_PROBE);
    } else {
      // Even one alone is too much: this is an outage, and so may have been what was taken for a level.
      ceiling = MOST;
      probeAfter = PROBE_AFTER;
    }
    limit = Math.max(1, Math.min(limit, level / 2));
  }

  return {
    enter: async (signal) => {
      signal?.throwIfAborted();
      if (running < Math.floor(limit)) running += 1;
      else await place(waiting, signal);
      const began = epoch;
      const level = running;
      return (ending) => {
        if (ending === 'fine') raise();
        if (ending === 'overloaded' && began === epoch) lower(level);
        running -= 1;
        admit();
      };
    },
  };
}

function place(waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (): void => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      waiting.delete(take);
      reject(signal?.reason as Error);
    };
    waiting.add(take);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
