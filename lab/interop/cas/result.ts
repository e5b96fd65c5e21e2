/** What a CA, or a quirk, came to. */
export interface CaResult {
  /** Times that a host began to serve a new certificate. */
  readonly renewed: number;
  /** Times that one did not and should have. */
  readonly failed: number;
  /** Certificates that the CA issued and no visitor ever got. */
  readonly unusedCertificates: number;
  /** What must not be, in plain words; empty when all is well. */
  readonly findings: readonly string[];
  /** Figures for people. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Counts as the steps go by. */
export interface Tally {
  renewed: number;
  failed: number;
  readonly findings: string[];
}
