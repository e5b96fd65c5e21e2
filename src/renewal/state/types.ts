import type { CertificateConfig, DeploymentConfig } from '../../config/types.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import type { EndpointCheck, Skipped } from '../../ports/deployment.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { DueReason } from '../schedule/due-date.ts';

/** The last step of a renewal that is durable; docs/renewal.md has the table. */
export type RenewalStep =
  | 'started'
  | 'key'
  | 'order-requested'
  | 'ordered'
  | 'authorized'
  | 'issued'
  | 'installed'
  | 'planned'
  | 'bound'
  | 'restoring';

/** A managed certificate as the database has it. Times are milliseconds since 1970. */
export interface ManagedCertificate {
  readonly id: number;
  readonly name: string;
  readonly config: CertificateConfig;
  readonly nextDue: number;
  readonly dueReason: DueReason;
  readonly failures: number;
  readonly lastError: LastError | null;
  readonly removed: boolean;
}

export interface LastError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: number;
}

/** An open or finished run of the saga. */
export interface Renewal {
  readonly id: string;
  readonly certificateId: number;
  readonly kind: 'renewal' | 'rollback';
  readonly step: RenewalStep;
  readonly issuer: string;
  readonly identifiers: readonly Identifier[];
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: string;
  readonly accountUrl: string | null;
  readonly orderUrl: string | null;
  readonly issuedId: number | null;
  /** What the plans are for, whatever the configuration says by now. */
  readonly deployments: readonly DeploymentConfig[] | null;
  /** JSON text of DeploymentPlan[], in the order of the deployments. */
  readonly plans: string | null;
  readonly rollbacks: number;
  readonly startedAt: number;
  /** When the order was ready: from then on the CA is asked for the certificate and may have issued it. */
  readonly authorizedAt: number | null;
}

/**
 * `pending`: not in use yet. `active`: in use. `previous`: was in use, kept for rolling back. `failed`: visitors never got it. `revoked`: was in
 * use until another took the place of it. `retiring`: to be removed with its key as soon as nothing refers to it. `retired`: gone.
 */
export type IssuedStatus = 'pending' | 'active' | 'previous' | 'failed' | 'revoked' | 'retiring' | 'retired';

/** A certificate that a CA issued to us. */
export interface Issued {
  readonly id: number;
  readonly certificateId: number;
  readonly thumbprint: string;
  readonly status: IssuedStatus;
  /** PEM, leaf first; empty once retired. */
  readonly chain: string;
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: string;
  readonly issuer: string;
  readonly accountUrl: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuedAt: number;
  /** What its CA calls it (RFC 9773 section 4.1); null: it has no such name. */
  readonly ariId: string | null;
  /** When its CA confirmed that it is revoked. */
  readonly revokedAt: number | null;
}

/** How one certificate fared in one run. */
export type Outcome =
  | {
      readonly kind: 'renewed';
      readonly name: string;
      readonly thumbprint: string;
      readonly notAfter: number;
      readonly nextDue: number;
      readonly endpoints: readonly EndpointCheck[];
      readonly changes: number;
      readonly skipped: readonly Skipped[];
    }
  | {
      readonly kind: 'rolledBack';
      readonly name: string;
      readonly code: ErrorCode;
      readonly message: string;
      /** What the endpoints served before and after the earlier state was restored. */
      readonly endpoints: readonly EndpointCheck[];
      readonly restored: readonly EndpointCheck[];
      readonly nextAttempt: number;
    }
  | {
      /** The limits of every issuer are spent; no failure. */
      readonly kind: 'deferred';
      readonly name: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly action: string;
      readonly nextAttempt: number;
    }
  | {
      readonly kind: 'failed';
      readonly name: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly action: string;
      /** Where a person can have the CA change its mind. */
      readonly link: string | null;
      readonly nextAttempt: number;
    };

/** What an engine tells while it works. */
export interface ProgressEvent {
  readonly name: string;
  /** `order.created`: the type of the audit event, or `finished`. */
  readonly step: string;
}
