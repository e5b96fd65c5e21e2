import type { DueReason } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import { type ManagedCertificate, setDue } from '../state/certificate-table.ts';
import { activeIfReadable } from '../state/issued-table.ts';
import { isDeploying, openRenewalIfReadable } from '../state/renewal-table.ts';
import type { RunContext } from './engine-ports.ts';

// Nobody waits for these; the others are for a person, or for a site that has no good certificate.
const patient: ReadonlySet<DueReason> = new Set<DueReason>([
  'lifetime',
  'ari-window',
  'retry',
  'maintenance',
  'rate-limit',
  'issuer-closed',
  'rolled-back',
]);

/** Moves a certificate that is due at a time when changes are not welcome. False when it is to be worked on now. */
export async function defer(context: RunContext, certificate: ManagedCertificate): Promise<boolean> {
  const { store, clock, random } = context;
  const { id, name, config, dueReason, removed } = certificate;
  if (config.maintenance === null || removed || !patient.has(dueReason)) return false;
  const active = store.read((db) => activeIfReadable(db, id));
  const open = store.read((db) => openRenewalIfReadable(db, id));
  // Revoked, and the first attempt to replace it failed: the reason is another one by now.
  if (active === null || active.revokedAt !== null || (open !== null && isDeploying(open))) return false;
  const now = clock.now();
  const due = placeDue(config.maintenance, { at: now, reason: dueReason }, active, random.uniform());
  if (due.at <= now) return false;
  await store.commit(({ db, audit }) => {
    setDue(db, id, due);
    audit({ type: 'renewal.deferred', subject: name, data: { until: new Date(due.at).toISOString() } });
  });
  return true;
}
