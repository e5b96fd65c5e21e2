import type { EndpointCheck } from '../../ports/deployment.ts';
import { statement } from '../../store/statements.ts';
import type { RunContext } from '../engine/run-context.ts';
import { markOld } from './retire.ts';
import { isKeyRevoked, issuedBefore } from '../state/rows.ts';
import { type Due, dueAfterRollBack, dueAfterUse } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import type { Outcome, Renewal } from '../state/types.ts';
import { checkData, type Planned, type Use } from './deployment-job.ts';

/** The certificate is in use and visitors get it: it becomes the active one, and the one before it the previous. */
export async function activate(
  { store, journal, clock, random }: RunContext,
  { certificate, issued, material }: Use,
  renewal: Renewal,
  planned: readonly Planned[],
  endpoints: readonly EndpointCheck[],
): Promise<Extract<Outcome, { kind: 'renewed' }>> {
  const now = clock.now();
  const { name, id } = certificate;
  const rolledBack = renewal.kind === 'rollback';
  const wanted = rolledBack
    ? dueAfterRollBack(issued, now)
    : dueAfterUse(
        issued,
        null,
        store.read((db) => issuedBefore(db, issued)),
      );
  // Revoked while bindings stood half-changed: visitors get this one until there is one with another key, which cannot wait.
  const revoked = store.read((db) => isKeyRevoked(db, id, issued.keyHandle));
  const due: Due = revoked
    ? { at: now, reason: 'revoked' }
    : placeDue(certificate.config.maintenance, wanted, issued, random.uniform());
  await journal.step(
    renewal,
    name,
    {
      // Where it went stays known: retiring has to look there, whatever the configuration says by then.
      changes: { plans: null },
      type: rolledBack ? 'rollback.committed' : 'renewal.committed',
      data: {
        thumbprint: issued.thumbprint,
        replaced: material.previousThumbprint,
        endpoints: endpoints.map(checkData),
        nextDue: new Date(due.at).toISOString(),
      },
    },
    ({ db }) => {
      statement(
        db,
        `UPDATE issued SET status = iif(revoked_at IS NULL, 'previous', 'revoked')
         WHERE certificate_id = ? AND status = 'active' AND id <> ?`,
      ).run(id, issued.id);
      statement(db, `UPDATE issued SET status = 'active' WHERE id = ?`).run(issued.id);
      markOld(db, certificate, now);
      statement(db, `UPDATE renewal SET outcome = 'renewed', finished_at = ? WHERE id = ?`).run(now, renewal.id);
      // The window (RFC 9773) was that of the certificate before. It is asked for at once.
      statement(
        db,
        `UPDATE certificate SET next_due = ?, due_reason = ?, failures = 0, last_error = NULL, window_start = NULL, window_end = NULL,
         selected = NULL, explanation_url = NULL, next_poll = ?, endpoints = ? WHERE id = ?`,
      ).run(due.at, due.reason, now, servedAt(planned, endpoints), id);
    },
  );
  return {
    kind: 'renewed',
    name,
    thumbprint: issued.thumbprint,
    notAfter: issued.notAfter,
    nextDue: due.at,
    endpoints,
    changes: planned.reduce((sum, { plan }) => sum + plan.changes.length, 0),
    skipped: planned.flatMap(({ plan }) => plan.skipped),
  };
}

/** How many places serve it; null when there is none that it is meant for. What has it already is not looked at again. */
function servedAt(planned: readonly Planned[], endpoints: readonly EndpointCheck[]): number | null {
  const already = planned.flatMap(({ plan }) => plan.skipped.filter(({ code }) => code === 'already'));
  return planned.length === 0 ? null : endpoints.length + already.length;
}
