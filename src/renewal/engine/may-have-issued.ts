import type { RunContext } from './run-context.ts';
import { askedForMs, PATIENCE_MS } from './failure.ts';
import { issuedWith } from '../state/rows.ts';
import type { ManagedCertificate, Renewal } from '../state/types.ts';

const HOUR_MS = 3_600_000;

/**
 * Whether the issuer was asked for the certificate and may have issued it: another issuer would make it two for one due date. It is asked for up
 * to a day how things stand; for an hour where nothing valid is in use, and not at all where that is about to expire.
 */
export function mayHaveIssued(
  { store, clock }: Pick<RunContext, 'store' | 'clock'>,
  { id }: Pick<ManagedCertificate, 'id'>,
  renewal: Pick<Renewal, 'step' | 'startedAt' | 'authorizedAt'>,
): boolean {
  if (renewal.step !== 'authorized') return false;
  const now = clock.now();
  const [active] = store.read((db) => issuedWith(db, id, 'active'));
  if (active === undefined || active.notAfter <= now) return askedForMs(renewal, now) < HOUR_MS;
  return askedForMs(renewal, now) < PATIENCE_MS && active.notAfter - now > 2 * PATIENCE_MS;
}
