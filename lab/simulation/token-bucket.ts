/** A limit as CAs have them: so many at once, and one more after each `refillMs`. */
export interface Limit {
  readonly capacity: number;
  readonly refillMs: number;
}

/** What is left of a limit. Times are milliseconds since 1970. */
export interface Bucket {
  /** Whole and broken tokens at this time. */
  level(now: number): number;
  /** Takes one. False when there is none: nothing is taken. */
  take(now: number): boolean;
  /** When there will be one. */
  availableAt(now: number): number;
}

/**
 * Full at first. Works with the moment at which it would be full again, as the CA's own would; the product counts in
 * another way.
 */
export function createBucket({ capacity, refillMs }: Limit): Bucket {
  let fullAt = 0;
  const level = (now: number): number => Math.min(capacity, capacity - (fullAt - now) / refillMs);
  return {
    level,
    take: (now) => {
      // A millionth for what is lost in dividing.
      if (level(now) < 1 - 1e-6) return false;
      fullAt = Math.max(fullAt, now) + refillMs;
      return true;
    },
    availableAt: (now) => Math.max(now, fullAt - (capacity - 1) * refillMs),
  };
}

/** A bucket for each name, those that are full again forgotten now and then. */
export function createBuckets(limit: Limit): (name: string, now: number) => Bucket {
  const buckets = new Map<string, Bucket>();
  let sweepAt = 1000;
  return (name, now) => {
    if (buckets.size >= sweepAt) {
      for (const [key, bucket] of buckets) if (bucket.level(now) >= limit.capacity) buckets.delete(key);
      sweepAt = buckets.size * 2 + 1000;
    }
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      bucket = createBucket(limit);
      buckets.set(name, bucket);
    }
    return bucket;
  };
}
