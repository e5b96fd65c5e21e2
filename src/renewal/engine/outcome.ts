import type { ErrorCode } from '../../errors/table.ts';
import type { EndpointCheck, Skipped } from '../../ports/deployment.ts';

/** How one certificate fared in one run. Times are milliseconds since 1970. */
export type Outcome = Renewed | RolledBack | Deferred | Failed;

export interface Renewed {
  readonly kind: 'renewed';
  readonly name: string;
  readonly thumbprint: string;
  readonly notAfter: number;
  readonly nextDue: number;
  /** Whether any place has it, or it has no deployment. */
  readonly inUse: boolean;
  readonly endpoints: readonly EndpointCheck[];
  /** It was in use already, and was deployed again without an order. */
  readonly again?: boolean;
  readonly changes: number;
  readonly skipped: readonly Skipped[];
}

export interface RolledBack {
  readonly kind: 'rolledBack';
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** What the endpoints served before and after the bindings were restored. */
  readonly endpoints: readonly EndpointCheck[];
  readonly restored: readonly EndpointCheck[];
  readonly nextAttempt: number;
}

/** No issuer has room in its limits, or none is asked for now; no failure. */
export interface Deferred {
  readonly kind: 'deferred';
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string;
  readonly nextAttempt: number;
}

export interface Failed {
  readonly kind: 'failed';
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string;
  /** Where a person can have the CA change its mind. */
  readonly link: string | null;
  readonly nextAttempt: number;
}
