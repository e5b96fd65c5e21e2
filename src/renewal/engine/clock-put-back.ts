import type { Clock } from '../../ports/clock.ts';
import { latestTime, noteTime } from '../../store/lease-row.ts';
import type { Store } from '../../store/store.ts';
import { shiftAccounts } from '../state/account-table.ts';
import { shiftCertificates } from '../state/certificate-table.ts';
import { shiftIssued } from '../state/issued-table.ts';
import { shiftIssuerHealth } from '../state/issuer-health.ts';
import { shiftKeyDeletions } from '../state/key-deletions.ts';
import { shiftRenewals } from '../state/renewal-table.ts';

/** A clock is set by less every day. */
const TOLERATED_MS = 60_000;

// Buckets and backoffs of hosts note for themselves when they were written.
const shifts = [shiftCertificates, shiftIssued, shiftRenewals, shiftIssuerHealth, shiftKeyDeletions, shiftAccounts];

/**
 * Corrects what was written while the clock was ahead, once it has been put back: an attempt that failed a year ahead
 * would be repeated in a year, when the certificate has long expired. What lies ahead comes earlier by as much as the
 * clock was put back, or now. The caller holds the lease.
 */
export async function correctAfterClockPutBack(store: Store, clock: Clock): Promise<void> {
  const seen = store.read(latestTime);
  if (seen <= clock.now() + TOLERATED_MS) return;
  await store.commit(({ db, audit }) => {
    const now = clock.now();
    for (const shift of shifts) shift(db, { ahead: seen - now, now });
    noteTime(db, now);
    audit({
      type: 'clock.put-back',
      subject: 'clock',
      data: { from: new Date(seen).toISOString(), to: new Date(now).toISOString() },
    });
  });
}
