import type { EndpointCheck } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { Renewed } from '../engine/outcome.ts';
import { type Due, dueAfterRollBack, dueAfterUse } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import { type DeployedAt, noteDeployed, setDue } from '../state/certificate-table.ts';
import { isKeyRevoked, issuedBefore, markActive } from '../state/issued-table.ts';
import { type Deploying, endRenewal, type NotDeployed, withRenewal } from '../state/renewal-table.ts';
import { checkData, type DeploymentJob, type Planned } from './deployment-job.ts';
import { markOld } from './retire.ts';

/** The certificate is in use and visitors get it: it becomes the active one, and the one before it the previous. */
export async function activate(
  { store, clock, random, onProgress }: RunContext,
  { certificate, issued, material }: DeploymentJob,
  renewal: NotDeployed | Deploying,
  planned: readonly Planned[],
  endpoints: readonly EndpointCheck[],
): Promise<Renewed> {
  const now = clock.now();
  const { name, id, config } = certificate;
  const wanted =
    renewal.kind === 'rollback'
      ? dueAfterRollBack(issued, now)
      : dueAfterUse(
          issued,
          null,
          store.read((db) => issuedBefore(db, issued)),
        );
  // Revoked while bindings stood half-changed: visitors get this one until there is one with another key, which cannot
  // wait.
  const revoked = store.read((db) => isKeyRevoked(db, id, issued.keyHandle));
  const due: Due = revoked
    ? { at: now, reason: 'revoked' }
    : placeDue(config.maintenance, wanted, issued, random.uniform());
  const type = renewal.kind === 'rollback' ? 'rollback.committed' : 'renewal.committed';
  await store.commit(({ db, audit }) => {
    markActive(db, issued);
    markOld(db, certificate, now);
    endRenewal(db, renewal.id, 'renewed', now);
    noteDeployed(db, id, servedAt(planned, endpoints), now);
    setDue(db, id, due);
    const data = {
      thumbprint: issued.thumbprint,
      replaced: material.previousThumbprint,
      endpoints: endpoints.map(checkData),
      nextDue: new Date(due.at).toISOString(),
    };
    audit({ type, subject: name, data: withRenewal(renewal.id, data) });
  });
  onProgress?.({ name, step: type });
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

/** What has it already is not looked at again, and counts as verified. */
function servedAt(planned: readonly Planned[], endpoints: readonly EndpointCheck[]): DeployedAt {
  if (planned.length === 0) return { endpoints: null, verified: null };
  const already = planned.flatMap(({ plan }) => plan.skipped.filter(({ code }) => code === 'already')).length;
  const lookedAt = endpoints.filter(({ outcome }) => outcome !== 'not-checked');
  const verified = lookedAt.filter(({ outcome }) => outcome === 'verified').length;
  return {
    endpoints: endpoints.length + already,
    verified: lookedAt.length + already === 0 ? null : verified + already,
  };
}
