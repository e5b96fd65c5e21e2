import { EverbindError } from '../errors/error.ts';

const maxPooled = 64;

/** Nonces that answers brought and nobody used yet (RFC 8555 section 6.5). */
export interface NoncePool {
  /** The freshest nonce at hand, else a new one from the CA. Callers never wait for each other. */
  take(signal?: AbortSignal): Promise<string>;
  /** Keeps a nonce for a later request. */
  put(nonce: string): void;
}

/** `fetchNonce` asks newNonce; it throws ACME_NO_NONCE when the answer has none. */
export function createNoncePool(fetchNonce: (signal?: AbortSignal) => Promise<string>): NoncePool {
  // The last one in is the first one out: CAs forget the oldest nonces first.
  const nonces: string[] = [];
  return {
    take: async (signal) => nonces.pop() ?? (await fetchNonce(signal)),
    put: (nonce) => {
      nonces.push(nonce);
      if (nonces.length > maxPooled) nonces.shift();
    },
  };
}

/** The nonce of an answer. One that is malformed or repeated MUST be ignored (RFC 8555 section 6.5.1): null, as when there is none. */
export function responseNonce(headers: Readonly<Record<string, readonly string[]>>): string | null {
  const [nonce, ...others] = headers['replay-nonce'] ?? [];
  return nonce !== undefined && others.length === 0 && /^[A-Za-z0-9_-]{1,512}$/.test(nonce) ? nonce : null;
}

export function noNonce(url: string): EverbindError {
  return new EverbindError('ACME_NO_NONCE', 'The CA answered without a usable nonce', { url });
}
