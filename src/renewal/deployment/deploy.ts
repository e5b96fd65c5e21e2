import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import { activate } from './activate.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { Reschedule } from '../engine/reschedule.ts';
import type { ManagedCertificate, Outcome, Renewal } from '../state/types.ts';
import { restoreBindings } from './restore-bindings.ts';
import { plannedOf, type Planned, type Use, useOf } from './deployment-job.ts';

type Done = Extract<Outcome, { kind: 'renewed' | 'rolledBack' }>;

/**
 * From a checked certificate to bindings that serve it: install, plan, bind, verify, commit. When visitors do not get it, the snapshot of the
 * plan is restored, and the certificate is kept for the next attempt. Throws what the deployment throws while nothing that visitors see has
 * changed, and RENEWAL_NOT_RESTORED.
 */
export async function deploy(
  context: RunContext,
  certificate: ManagedCertificate,
  begun: Renewal,
  reschedule: Reschedule,
): Promise<Done> {
  const use = await useOf(context, certificate, begun);
  // Nothing is installed or bound anywhere: there are no steps to note.
  if (use.deployments.length === 0 && begun.step === 'issued') return activate(context, use, begun, [], []);
  return context.deploying.run(() => deployNow(context, use, begun, reschedule));
}

async function deployNow(context: RunContext, use: Use, begun: Renewal, reschedule: Reschedule): Promise<Done> {
  const { journal } = context;
  const { name } = use.certificate;
  context.signal.throwIfAborted();
  let renewal = begun;
  if (renewal.step === 'issued') renewal = await install(context, use, renewal);
  if (renewal.step === 'installed') renewal = await plan(context, use, renewal);
  const planned = plannedOf(use, renewal);
  const failed = (failure: EverbindError, checks: readonly EndpointCheck[]): Promise<Done> =>
    restoreBindings(context, use, renewal, planned, { failure, checks }, reschedule);
  if (renewal.step === 'planned') {
    const failure = await applyAll(planned);
    if (failure !== null) return failed(failure, []);
    renewal = await journal.step(renewal, name, { changes: { step: 'bound' }, type: 'bindings.changed', data: {} });
  }
  if (renewal.step === 'restoring') {
    return failed(new EverbindError('RENEWAL_NOT_VERIFIED', 'the roll-back of an interrupted run was finished'), []);
  }
  const checks = await verifyAll(planned, use);
  if (checks instanceof EverbindError) return failed(checks, []);
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length > 0) return failed(notVerified(wrong, checks.length), checks);
  return activate(context, use, renewal, planned, checks);
}

async function install({ journal }: RunContext, use: Use, renewal: Renewal): Promise<Renewal> {
  const { deployments, material, certificate } = use;
  for (const deployment of deployments) await deployment.install(material);
  return journal.step(renewal, certificate.name, {
    changes: { step: 'installed' },
    type: 'certificate.installed',
    data: { thumbprint: material.thumbprint, deployments: deployments.map(({ type }) => type) },
  });
}

async function plan({ journal }: RunContext, use: Use, renewal: Renewal): Promise<Renewal> {
  const { deployments, material, certificate } = use;
  const plans = await Promise.all(deployments.map((deployment) => deployment.plan(material)));
  return journal.step(renewal, certificate.name, {
    changes: { step: 'planned', plans: JSON.stringify(plans), deployments: certificate.config.deployments },
    type: 'bindings.planned',
    data: { changes: plans.flatMap(({ changes }) => changes.map(({ target, replaces }) => ({ target, replaces }))) },
  });
}

/** null when all took; what failed first otherwise. Later ones are not begun. */
async function applyAll(planned: readonly Planned[]): Promise<EverbindError | null> {
  try {
    for (const { deployment, plan } of planned) await deployment.apply(plan);
    return null;
  } catch (error) {
    return asEverbindError(error);
  }
}

/** A check that cannot be made counts as one that failed: nobody may be left with a certificate that nobody has seen served. */
async function verifyAll(
  planned: readonly Planned[],
  { material }: Use,
): Promise<readonly EndpointCheck[] | EverbindError> {
  const results = await Promise.allSettled(planned.map(({ deployment, plan }) => deployment.verify(plan, material)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) return asEverbindError(failed.reason);
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

function notVerified(wrong: readonly EndpointCheck[], of: number): EverbindError {
  const [first] = wrong;
  const where =
    first === undefined ? '' : `; ${first.endpoint}${first.host === '' ? '' : ` (${first.host})`}: ${first.message}`;
  return new EverbindError(
    'RENEWAL_NOT_VERIFIED',
    `${wrong.length} of ${of} endpoints do not serve the new certificate${where}`,
  );
}
