/**
 * A limit of a CA, as a bucket of tokens: full at first, and refilled one token at a time, all of them within `hours`.
 */
export interface Limit {
  /** How many in a row the full bucket allows. */
  readonly count: number;
  readonly hours: number;
}

export type LimitKind = 'orders' | 'certificatesPerDomain' | 'certificatesPerSet' | 'failures' | 'consecutiveFailures';

/** One token of one bucket. */
export interface Cost {
  readonly kind: LimitKind;
  /** What the bucket is for; empty for the account as a whole. */
  readonly subject: string;
}

/** The limits of a CA; null: none. */
export interface Limits extends Readonly<Record<LimitKind, Limit | null>> {
  /**
   * A certificate for the same names within 120 days counts neither for `orders` nor for `certificatesPerDomain`, and
   * an order that replaces a certificate within the window that the CA suggests (RFC 9773) for nothing at all.
   */
  readonly exemptRenewals: boolean;
}
