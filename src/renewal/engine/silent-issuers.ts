import { isTransient } from '../../acme/session/response.ts';

/** Issuers that are not asked any more in a run: each question to one that is down takes its time, and renewals wait for it. */
export interface SilentIssuers {
  has(issuer: string): boolean;
  /** `error`: why it did not answer; null: it did. */
  note(issuer: string, error: unknown): void;
}

/** So many questions in a row without an answer. */
const IN_VAIN = 3;

export function createSilentIssuers(): SilentIssuers {
  const inVain = new Map<string, number>();
  return {
    has: (issuer) => (inVain.get(issuer) ?? 0) >= IN_VAIN,
    note: (issuer, error) => {
      if (error === null) inVain.delete(issuer);
      // What it does not want to say of one certificate it may say of the next.
      else if (isTransient(error)) inVain.set(issuer, (inVain.get(issuer) ?? 0) + 1);
    },
  };
}
