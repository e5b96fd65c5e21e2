/** Time as the core sees it. Tests and the simulation pass a clock of their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `ring` once `ms` milliseconds have passed, unless the function that it returns is called before. Only clocks
   * whose time is not the machine's have it: nobody sleeps until an alarm, so their time must not run towards it.
   */
  alarm?(ms: number, ring: () => void): () => void;
}
