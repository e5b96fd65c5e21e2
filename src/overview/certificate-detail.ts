import type { DatabaseSync } from 'node:sqlite';
import type { Drift } from '../ports/deployment.ts';
import {
  type AriWindow,
  ariWindowOf,
  driftOf,
  type ManagedCertificate,
  requireCertificate,
} from '../renewal/state/certificate-table.ts';
import { type Damage, findDamage, servedState, type ServedState } from '../renewal/state/certificate-queries.ts';
import { type Issued, issuedIfReadable } from '../renewal/state/issued-table.ts';
import { type Paused, pausedCertificates } from '../renewal/state/issuer-health.ts';
import {
  openRenewalIfReadable,
  type PastRenewal,
  pastRenewals,
  type RenewalStep,
} from '../renewal/state/renewal-table.ts';

/** Everything about one certificate. */
export interface CertificateDetail {
  readonly certificate: ManagedCertificate;
  /** All that were issued and not removed yet, the newest first. */
  readonly issued: readonly Issued[];
  readonly openStep: RenewalStep | null;
  readonly served: ServedState;
  /** What the last look found not as it was deployed. */
  readonly drift: readonly Drift[];
  /** The CA's window and the moment drawn in it. */
  readonly ariWindow: AriWindow | null;
  /** Issuers that take no orders for it until a person acts. */
  readonly paused: readonly Paused[];
  /** The last twenty, the newest first. */
  readonly renewals: readonly PastRenewal[];
  /** What of it is damaged and left out. */
  readonly damaged: readonly Damage[];
}

const MOST_RENEWALS = 20;

/** Throws RENEWAL_UNKNOWN_CERTIFICATE, and STORE_CORRUPT when the row of the certificate itself is damaged. */
export function showCertificate(db: DatabaseSync, name: string): CertificateDetail {
  const certificate = requireCertificate(db, name);
  const { id } = certificate;
  return {
    certificate,
    issued: (['active', 'pending', 'previous', 'failed'] as const).flatMap((status) =>
      issuedIfReadable(db, id, status),
    ),
    openStep: openRenewalIfReadable(db, id)?.step ?? null,
    served: servedState(db, id),
    drift: driftOf(db, id),
    paused: pausedCertificates(db, id),
    ariWindow: ariWindowOf(db, id),
    renewals: pastRenewals(db, id, MOST_RENEWALS),
    damaged: findDamage(db).filter((damage) => damage.name === name),
  };
}
