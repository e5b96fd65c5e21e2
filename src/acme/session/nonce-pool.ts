import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import { countdown } from '../../concurrency/countdown.ts';

const maxPooled = 64;
/** How long a request waits for a nonce from the response to another request, before one more is fetched. */
const patienceMs = 20;
/** CAs allow newNonce far less often than other requests (Let's Encrypt: 20 a second, 10 at once). */
const fetchesAtOnce = 2;

/** Nonces from responses that no request has used yet (RFC 8555 section 6.5). */
export interface NoncePool {
  /**
   * The freshest nonce of the pool. While it is empty: the next one that a response brings, or one from newNonce. So
   * the pool grows to as many nonces as there are requests at the same time, without a request to newNonce for each
   * renewal that begins. Rejects with what `fetchNonce` throws.
   */
  take(): string | Promise<string>;
  /** Keeps a nonce for a later request. */
  put(nonce: string): void;
  /** Begins to fetch a nonce ahead of the request that will need it. A failure is reported by that request. */
  prepare(): void;
}

interface Waiting {
  /** Milliseconds of patience. */
  readonly timeLeft: () => number;
  readonly resolve: (nonce: string) => void;
  readonly reject: (error: unknown) => void;
}

/** `fetchNonce` asks newNonce; it throws ACME_NO_NONCE when the response has none. */
export function createNoncePool(clock: Clock, fetchNonce: () => Promise<string>): NoncePool {
  // Last in, first out: CAs forget the oldest nonces first.
  const nonces: string[] = [];
  const waiting: Waiting[] = [];
  let feeding = false;
  /** Taken and not replaced yet; some never are. */
  let out = 0;

  function give(nonce: string): void {
    const first = waiting.shift();
    if (first !== undefined) {
      out += 1;
      first.resolve(nonce);
      return;
    }
    nonces.push(nonce);
    if (nonces.length > maxPooled) nonces.shift();
  }

  async function fetchOne(): Promise<void> {
    try {
      give(await fetchNonce());
    } catch (error) {
      waiting.shift()?.reject(error);
    }
  }

  async function feed(): Promise<void> {
    feeding = true;
    // The first request need not wait: no response can bring a nonce.
    let patient = out > 0;
    for (let [oldest] = waiting; oldest !== undefined; [oldest] = waiting) {
      const left = patient ? oldest.timeLeft() : 0;
      if (left > 0) await clock.sleep(left);
      else await Promise.all(Array.from({ length: Math.min(waiting.length, fetchesAtOnce) }, fetchOne));
      patient = out > 0;
    }
    feeding = false;
  }

  return {
    take: () => {
      const nonce = nonces.pop();
      if (nonce !== undefined) {
        out += 1;
        return nonce;
      }
      return new Promise((resolve, reject) => {
        waiting.push({ timeLeft: countdown(clock, patienceMs), resolve, reject });
        if (!feeding) void feed();
      });
    },
    put: (nonce) => {
      out = Math.max(out - 1, 0);
      give(nonce);
    },
    prepare: () => {
      if (nonces.length > 0 || out > 0 || feeding) return;
      feeding = true;
      // Requests that came meanwhile are served.
      void fetchOne().then(feed);
    },
  };
}

/**
 * The nonce of a response. A malformed or repeated one MUST be ignored (RFC 8555 section 6.5.1): null, as when there is
 * none.
 */
export function responseNonce(headers: Readonly<Record<string, readonly string[]>>): string | null {
  const [nonce, ...others] = headers['replay-nonce'] ?? [];
  return nonce !== undefined && others.length === 0 && /^[A-Za-z0-9_-]{1,512}$/.test(nonce) ? nonce : null;
}

/** ACME_NO_NONCE for the response of this URL. */
export function noNonce(url: string): EverbindError {
  return new EverbindError('ACME_NO_NONCE', 'The CA sent no usable nonce', { url });
}
