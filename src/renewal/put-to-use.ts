import { EverbindError } from '../errors/error.ts';
import { parsePemCertificates } from '../pki/pem.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck, Json } from '../ports/deployment.ts';
import { statement } from '../store/statements.ts';
import type { EngineContext } from './context.ts';
import { asKnown } from './failure.ts';
import { issuedById, issuedWith } from './rows.ts';
import { dueAt } from './schedule.ts';
import type { Issued, ManagedCertificate, Outcome, Renewal } from './types.ts';

/** A verify that fails this often in a row is not the record's fault: the next attempt asks for another certificate. */
const MOST_ROLLBACKS = 3;

interface Use {
  readonly certificate: ManagedCertificate;
  readonly issued: Issued;
  readonly material: CertificateMaterial;
  readonly deployments: readonly Deployment[];
}

type Done = Extract<Outcome, { kind: 'renewed' | 'rolledBack' }>;

/** Schedules the next attempt after a roll-back; the time of it. Called inside the transaction that closes the attempt. */
export type Reschedule = (
  failure: EverbindError,
  transaction: { readonly db: Parameters<typeof issuedById>[0] },
) => number;

/**
 * From a checked certificate to bindings that serve it: install, plan, bind, verify, commit. When visitors do not get it, the snapshot of the
 * plan is restored, and the certificate is kept for the next attempt.
 */
export async function putToUse(
  context: EngineContext,
  certificate: ManagedCertificate,
  begun: Renewal,
  reschedule: Reschedule,
): Promise<Done> {
  const { journal } = context;
  const { name } = certificate;
  const use = prepare(context, certificate, begun);
  const { deployments, material } = use;
  let renewal = begun;
  // Nothing is installed or bound anywhere: there are no steps to note.
  if (deployments.length === 0 && renewal.step === 'issued') return commit(context, use, renewal, [], []);
  if (renewal.step === 'issued') {
    for (const deployment of deployments) await deployment.install(material);
    renewal = await journal.step(renewal, name, {
      changes: { step: 'installed' },
      type: 'certificate.installed',
      data: { thumbprint: material.thumbprint, deployments: deployments.map(({ type }) => type) },
    });
  }
  if (renewal.step === 'installed') {
    const plans = await Promise.all(deployments.map((deployment) => deployment.plan(material)));
    renewal = await journal.step(renewal, name, {
      changes: { step: 'planned', plans: JSON.stringify(plans) },
      type: 'bindings.planned',
      data: { changes: plans.flatMap(({ changes }) => changes.map(({ target }) => target)) },
    });
  }
  const plans = JSON.parse(renewal.plans ?? '[]') as DeploymentPlan[];
  if (renewal.step === 'planned') {
    const failure = await applyAll(deployments, plans);
    if (failure !== null) return undo(context, use, renewal, plans, [], failure, reschedule);
    renewal = await journal.step(renewal, name, { changes: { step: 'bound' }, type: 'bindings.changed', data: {} });
  }
  if (renewal.step === 'undoing') {
    const failure = new EverbindError('RENEWAL_NOT_VERIFIED', 'the roll-back of an interrupted run was finished');
    return undo(context, use, renewal, plans, [], failure, reschedule);
  }
  const checks = (
    await Promise.all(deployments.map((deployment, index) => verify(deployment, plans[index], material)))
  ).flat();
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length > 0) {
    const [first] = wrong;
    const message = `${wrong.length} of ${checks.length} endpoints do not serve the new certificate; ${first?.endpoint ?? ''} (${first?.host ?? ''}): ${first?.message ?? ''}`;
    return undo(context, use, renewal, plans, checks, new EverbindError('RENEWAL_NOT_VERIFIED', message), reschedule);
  }
  return commit(context, use, renewal, plans, checks);
}

function prepare(context: EngineContext, certificate: ManagedCertificate, renewal: Renewal): Use {
  const { store, keys } = context;
  const issued = store.read((db) => (renewal.issuedId === null ? null : issuedById(db, renewal.issuedId)));
  if (issued === null) throw new EverbindError('INTERNAL', `renewal ${renewal.id} has no certificate to put to use`);
  const [active] = store.read((db) => issuedWith(db, certificate.id, 'active'));
  const chain = parsePemCertificates(issued.chain);
  const friendlyName = `${certificate.name} [Everbind] ${new Date(issued.notAfter).toISOString().slice(0, 10)}`;
  const material: CertificateMaterial = {
    name: certificate.name,
    identifiers: renewal.identifiers,
    chain,
    thumbprint: issued.thumbprint,
    previousThumbprint: active?.thumbprint ?? null,
    friendlyName,
    attach: () => keys.attach(issued.keyHandle, chain, friendlyName),
  };
  return { certificate, issued, material, deployments: context.deploymentsFor(certificate.config) };
}

/** null when all took; what failed first otherwise. Later ones are not begun. */
async function applyAll(
  deployments: readonly Deployment[],
  plans: readonly DeploymentPlan[],
): Promise<EverbindError | null> {
  for (const [index, deployment] of deployments.entries()) {
    const plan = plans[index];
    if (plan === undefined) continue;
    try {
      await deployment.apply(plan);
    } catch (error) {
      return asKnown(error);
    }
  }
  return null;
}

async function verify(
  deployment: Deployment,
  plan: DeploymentPlan | undefined,
  material: CertificateMaterial,
): Promise<readonly EndpointCheck[]> {
  return plan === undefined ? [] : deployment.verify(plan, material);
}

async function undo(
  context: EngineContext,
  { certificate, issued, deployments }: Use,
  begun: Renewal,
  plans: readonly DeploymentPlan[],
  endpoints: readonly EndpointCheck[],
  failure: EverbindError,
  reschedule: Reschedule,
): Promise<Done> {
  const { journal, clock } = context;
  const { name } = certificate;
  const renewal =
    begun.step === 'undoing'
      ? begun
      : await journal.step(begun, name, {
          changes: { step: 'undoing' },
          type: 'verification.failed',
          data: { code: failure.code, message: failure.message, endpoints: endpoints.map(checkData) },
        });
  // The last one that was applied is undone first.
  const restored: EndpointCheck[] = [];
  for (const [index, deployment] of [...deployments.entries()].toReversed()) {
    const plan = plans[index];
    if (plan !== undefined) restored.push(...(await deployment.undo(plan)));
  }
  const rollbacks = renewal.rollbacks + 1;
  const last = rollbacks >= MOST_ROLLBACKS || renewal.kind === 'rollback';
  let nextAttempt = clock.now();
  await journal.step(
    renewal,
    name,
    {
      // The certificate is good; only the binding has to be tried again.
      changes: { step: 'issued', rollbacks },
      type: 'bindings.restored',
      data: { endpoints: restored.map(checkData), givenUp: last },
    },
    (transaction) => {
      nextAttempt = reschedule(failure, transaction);
      if (!last) return;
      statement(transaction.db, `UPDATE renewal SET outcome = 'rolledBack', finished_at = ? WHERE id = ?`).run(
        clock.now(),
        renewal.id,
      );
      if (renewal.kind === 'renewal') {
        statement(transaction.db, `UPDATE issued SET status = 'failed' WHERE id = ?`).run(issued.id);
      }
    },
  );
  const { code, message } = failure;
  return { kind: 'rolledBack', name, code, message, endpoints, restored, nextAttempt };
}

async function commit(
  context: EngineContext,
  { certificate, issued, material }: Use,
  renewal: Renewal,
  plans: readonly DeploymentPlan[],
  endpoints: readonly EndpointCheck[],
): Promise<Done> {
  const { journal, clock } = context;
  const now = clock.now();
  const due = dueAt(issued, null);
  // After an operator went back to an earlier certificate, the next automatic change leaves time to look.
  const nextDue =
    renewal.kind === 'rollback' ? Math.max(due.at, Math.min(now + 86_400_000, issued.notAfter - 3_600_000)) : due.at;
  await journal.step(
    renewal,
    certificate.name,
    {
      changes: { plans: '[]' },
      type: renewal.kind === 'rollback' ? 'rollback.committed' : 'renewal.committed',
      data: {
        thumbprint: issued.thumbprint,
        replaced: material.previousThumbprint,
        endpoints: endpoints.map(checkData),
        nextDue: new Date(nextDue).toISOString(),
      },
    },
    ({ db }) => {
      statement(
        db,
        `UPDATE issued SET status = 'previous' WHERE certificate_id = ? AND status = 'active' AND id <> ?`,
      ).run(certificate.id, issued.id);
      statement(db, `UPDATE issued SET status = 'active' WHERE id = ?`).run(issued.id);
      statement(db, `UPDATE renewal SET outcome = 'renewed', finished_at = ? WHERE id = ?`).run(now, renewal.id);
      statement(
        db,
        `UPDATE certificate SET next_due = ?, due_reason = ?, failures = 0, last_error = NULL, window_start = NULL, window_end = NULL,
         selected = NULL, explanation_url = NULL, next_poll = ? WHERE id = ?`,
      ).run(nextDue, due.reason, now, certificate.id);
    },
  );
  return {
    kind: 'renewed',
    name: certificate.name,
    thumbprint: issued.thumbprint,
    notAfter: issued.notAfter,
    nextDue,
    endpoints,
    changes: plans.reduce((sum, plan) => sum + plan.changes.length, 0),
    untouched: plans.flatMap((plan) => plan.untouched),
  };
}

function checkData({ endpoint, host, ok, code, servedThumbprint }: EndpointCheck): Json {
  return { endpoint, host, ok, code, served: servedThumbprint };
}
