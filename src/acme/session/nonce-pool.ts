import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import { countdown } from '../../concurrency/countdown.ts';

const maxPooled = 64;
/** How long somebody waits for a nonce that an answer to another request may bring, before one more is asked for. */
const patienceMs = 20;
/** CAs allow newNonce far less often than other requests (Let's Encrypt: 20 a second, 10 at once). */
const fetchesAtOnce = 2;

/** Nonces that answers brought and nobody used yet (RFC 8555 section 6.5). */
export interface NoncePool {
  /**
   * The freshest nonce at hand. While there is none, the next one that an answer brings, or one from the CA: so many are in use in the end as
   * requests are under way at the same time, without one request to newNonce for each renewal that begins. Rejects with what `fetchNonce` throws.
   */
  take(): string | Promise<string>;
  /** Keeps a nonce for a later request. */
  put(nonce: string): void;
  /** Has the first one fetched ahead of the request that will need it. A failure is left to that request. */
  prepare(): void;
}

interface Waiting {
  /** Milliseconds of patience. */
  readonly timeLeft: () => number;
  readonly resolve: (nonce: string) => void;
  readonly reject: (error: unknown) => void;
}

/** `fetchNonce` asks newNonce; it throws ACME_NO_NONCE when the answer has none. */
export function createNoncePool(clock: Clock, fetchNonce: () => Promise<string>): NoncePool {
  // The last one in is the first one out: CAs forget the oldest nonces first.
  const nonces: string[] = [];
  const waiting: Waiting[] = [];
  let feeding = false;
  /** Taken and not brought back: some never are. */
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
    // The first of all need not wait: nobody brings one.
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
      // Whoever came meanwhile is fed.
      void fetchOne().then(feed);
    },
  };
}

/** The nonce of an answer. One that is malformed or repeated MUST be ignored (RFC 8555 section 6.5.1): null, as when there is none. */
export function responseNonce(headers: Readonly<Record<string, readonly string[]>>): string | null {
  const [nonce, ...others] = headers['replay-nonce'] ?? [];
  return nonce !== undefined && others.length === 0 && /^[A-Za-z0-9_-]{1,512}$/.test(nonce) ? nonce : null;
}

/** ACME_NO_NONCE for the answer of this URL. */
export function noNonce(url: string): EverbindError {
  return new EverbindError('ACME_NO_NONCE', 'The CA answered without a usable nonce', { url });
}
