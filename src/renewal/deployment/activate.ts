import type { DatabaseSync } from 'node:sqlite';
import type { EndpointCheck } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { Renewed } from '../engine/outcome.ts';
import { type Due, dueAfterRollBack, dueAfterUse, nextLookAt } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import {
  type DeployedAt,
  driftOf,
  dueInUse,
  forgetAriWindow,
  heldOf,
  isDeploymentRequested,
  type Look,
  noteDeployed,
  noteDeploymentPlanned,
  noteLook,
  setDue,
} from '../state/certificate-table.ts';
import { isKeyRevoked, type Issued, issuedBefore, markActive } from '../state/issued-table.ts';
import { type Deploying, endRenewal, type NotDeployed, type RenewalKind, withRenewal } from '../state/renewal-table.ts';
import { checkData, type DeploymentJob, type Planned, targetsOf } from './deployment-job.ts';
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
  const wanted = store.read((db) => dueOf(db, renewal.kind, issued, now));
  // Revoked while bindings stood half-changed: visitors get this one until there is one with another key, which cannot
  // wait.
  const revoked = store.read((db) => isKeyRevoked(db, id, issued.keyHandle));
  // The configuration changed after the plan was made.
  const again = planned.length > 0 && store.read((db) => isDeploymentRequested(db, id));
  const due: Due = revoked
    ? { at: now, reason: 'revoked' }
    : again
      ? { at: now, reason: 'redeploy' }
      : placeDue(config.maintenance, wanted, issued, random.uniform());
  const type = `${renewal.kind}.committed`;
  const deployed = servedAt(planned, endpoints, issued.thumbprint);
  await store.commit(({ db, audit }) => {
    if (planned.length === 0) noteDeploymentPlanned(db, id);
    markActive(db, issued);
    markOld(db, certificate, now);
    endRenewal(db, renewal.id, 'renewed', now);
    noteDeployed(db, id, deployed);
    noteLook(db, id, lookAfter(db, id, renewal.kind, planned, now));
    if (renewal.kind !== 'deployment') forgetAriWindow(db, id, now);
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
    ...(renewal.kind === 'deployment' ? { again: true } : {}),
    inUse: deployed.endpoints !== 0,
    endpoints,
    changes: planned.reduce((sum, { plan }) => sum + plan.changes.length, 0),
    skipped: planned.flatMap(({ plan }) => plan.skipped),
  };
}

function dueOf(db: DatabaseSync, kind: RenewalKind, issued: Issued, now: number): Due {
  switch (kind) {
    case 'renewal':
      return dueAfterUse(issued, null, issuedBefore(db, issued));
    case 'rollback':
      return dueAfterRollBack(issued, now);
    case 'deployment':
      return dueInUse(db, issued);
  }
}

/** What a deployment of the same certificate spared is looked at further on; a new certificate begins anew. */
function lookAfter(db: DatabaseSync, id: number, kind: RenewalKind, planned: readonly Planned[], now: number): Look {
  const holding = new Set(planned.flatMap(({ plan }) => plan.holds ?? []));
  const drift =
    kind === 'deployment'
      ? driftOf(db, id).filter(({ target, restorable }) => !restorable && !holding.has(target))
      : [];
  const before = heldOf(db, id);
  const held = planned.map(({ config, plan }) => {
    const spared = targetsOf(before, config).filter((target) => drift.some((one) => one.target === target));
    return { config, targets: [...(plan.holds ?? []), ...spared] };
  });
  return { held, drift, nextLook: planned.length === 0 ? null : nextLookAt(now, 'deployment', 0) };
}

/** What has it already is not looked at again, and counts as verified. */
function servedAt(planned: readonly Planned[], endpoints: readonly EndpointCheck[], thumbprint: string): DeployedAt {
  if (planned.length === 0) return { endpoints: null, verified: null, otherCertificate: [] };
  const already = planned.flatMap(({ plan }) => plan.skipped.filter(({ code }) => code === 'already')).length;
  const lookedAt = endpoints.filter(({ outcome }) => outcome !== 'not-checked');
  const verified = lookedAt.filter(({ outcome }) => outcome === 'verified').length;
  return {
    endpoints: endpoints.length + already,
    verified: lookedAt.length + already === 0 ? null : verified + already,
    otherCertificate: otherwiseServed(planned, endpoints, thumbprint),
  };
}

/** Declared places that were left with another certificate, and endpoints where one is served as it was before. */
function otherwiseServed(
  planned: readonly Planned[],
  endpoints: readonly EndpointCheck[],
  thumbprint: string,
): readonly string[] {
  const left = planned.flatMap(({ plan }) => plan.skipped.filter(({ otherCertificate }) => otherCertificate === true));
  const served = endpoints.filter(
    ({ outcome, servedThumbprint }) =>
      outcome === 'failed-before' && servedThumbprint !== null && servedThumbprint !== thumbprint,
  );
  return [
    ...left.map(({ target }) => target),
    ...served.map(({ endpoint, host }) => (host === '' ? endpoint : `${endpoint} (${host})`)),
  ];
}
