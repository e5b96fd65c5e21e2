import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { Renewed, RolledBack } from '../engine/outcome.ts';
import type { Transaction } from '../../store/store.ts';
import { driftOf, heldOf, type ManagedCertificate, noteDeploymentPlanned } from '../state/certificate-table.ts';
import { type Deploying, type EventData, isDeploying, journalStep, type NotDeployed } from '../state/renewal-table.ts';
import { activate } from './activate.ts';
import { type DeploymentJob, deploymentJob, type Planned, plannedOf, targetsOf } from './deployment-job.ts';
import { restoreBindings } from './restore-bindings.ts';
import { retireOld } from './retire.ts';

/**
 * From a checked certificate to bindings that serve it: install, plan, bind, verify, activate. When visitors do not get
 * it, the bindings are restored, and the certificate is kept for the next attempt. Throws what the deployment throws
 * while nothing that visitors see has changed, and RENEWAL_NOT_RESTORED.
 */
export async function deploy(
  context: RunContext,
  certificate: ManagedCertificate,
  renewal: NotDeployed | Deploying,
): Promise<Renewed | RolledBack> {
  const job = deploymentJob(context, certificate, renewal);
  // Nothing is installed or bound anywhere: there are no steps to note.
  const nowhere = certificate.config.deployments.length === 0 && renewal.step === 'issued';
  const outcome = nowhere
    ? await activate(context, job, renewal, [], [])
    : await context.deploying.run(() => deployInTurn(context, job, renewal), context.signal);
  // The new certificate serves already: what cannot be tidied up now is tidied up after the next renewal.
  if (outcome.kind === 'renewed') await retireOld(context, certificate).catch(() => {});
  return outcome;
}

async function deployInTurn(
  context: RunContext,
  job: DeploymentJob,
  begun: NotDeployed | Deploying,
): Promise<Renewed | RolledBack> {
  context.signal.throwIfAborted();
  let renewal = isDeploying(begun) ? begun : await plan(context, job, begun);
  const { planned, gone } = await plannedOf(context, job, renewal);
  const failed = async (failure: EverbindError, checks: readonly EndpointCheck[]): Promise<Renewed | RolledBack> =>
    restoreBindings(context, job, renewal, { planned, gone, failure, checks, servedMeanwhile });
  // Where nothing can be restored, visitors may get the new certificate everywhere by now.
  const servedMeanwhile = async (): Promise<Renewed | null> => {
    const checks = await verifyAll(planned, job);
    if (checks instanceof EverbindError || checks.some(({ outcome }) => outcome === 'failed')) return null;
    return activate(context, job, renewal, planned, checks);
  };
  if (gone !== null && renewal.step !== 'restoring') return failed(gone, []);
  if (renewal.step === 'planned') {
    const failure = await applyAll(planned);
    if (failure !== null) return failed(failure, []);
    renewal = await step(context, job, renewal, { ...renewal, step: 'bound' }, 'bindings.changed', {});
  }
  if (renewal.step === 'restoring') {
    return failed(new EverbindError('RENEWAL_NOT_VERIFIED', 'the roll-back of an interrupted run was finished'), []);
  }
  const checks = await verifyAll(planned, job);
  if (checks instanceof EverbindError) return failed(checks, []);
  const wrong = checks.filter(({ outcome }) => outcome === 'failed');
  if (wrong.length > 0) return failed(notVerified(wrong, checks.length), checks);
  return activate(context, job, renewal, planned, checks);
}

/** Installs the certificate, unless that is done, and journals what is going to change. */
async function plan(context: RunContext, job: DeploymentJob, begun: NotDeployed): Promise<Deploying> {
  const { certificate, material } = job;
  const places = await Promise.all(
    certificate.config.deployments.map(async (config) => ({
      config,
      deployment: await context.deploymentFor(config, certificate),
    })),
  );
  let installed = begun;
  if (begun.step === 'issued') {
    for (const { deployment } of places) await deployment.install(material);
    installed = await step(context, job, begun, { ...begun, step: 'installed' }, 'certificate.installed', {
      thumbprint: material.thumbprint,
      deployments: places.map(({ config }) => config.type),
    });
  }
  const { held, drift } = context.store.read((db) => ({
    held: heldOf(db, certificate.id),
    drift: begun.kind === 'deployment' ? driftOf(db, certificate.id) : [],
  }));
  const spared = drift.flatMap(({ restorable, target }) => (restorable ? [] : [target]));
  const planned = await Promise.all(
    places.map(async ({ config, deployment }) => ({
      config,
      plan: await deployment.look(await deployment.plan({ ...material, held: targetsOf(held, config), spared })),
    })),
  );
  const changes = planned.flatMap(({ plan: { changes } }) =>
    changes.map(({ target, replaces }) => ({ target, replaces })),
  );
  const next: Deploying = { ...installed, step: 'planned', planned, restoreFailures: 0 };
  return step(context, job, installed, next, 'bindings.planned', { changes }, ({ db }) =>
    noteDeploymentPlanned(db, certificate.id),
  );
}

async function step<T extends NotDeployed | Deploying>(
  { store, onProgress }: RunContext,
  { certificate: { name } }: DeploymentJob,
  before: NotDeployed | Deploying,
  next: T,
  type: string,
  data: EventData,
  also?: (transaction: Transaction) => void,
): Promise<T> {
  const renewal = await journalStep(store, name, before, next, { type, data }, also);
  onProgress?.({ name, step: type });
  return renewal;
}

/** null when all took; what failed first otherwise. Later ones are not begun. */
async function applyAll(planned: readonly Planned[]): Promise<EverbindError | null> {
  try {
    for (const { deployment, plan: each } of planned) await deployment.apply(each);
    return null;
  } catch (error) {
    return asEverbindError(error);
  }
}

/**
 * A check that cannot be made counts as one that failed: nobody may be left with a certificate that nobody has seen
 * served.
 */
async function verifyAll(
  planned: readonly Planned[],
  { material }: DeploymentJob,
): Promise<readonly EndpointCheck[] | EverbindError> {
  const results = await Promise.allSettled(
    planned.map(async ({ deployment, plan: each }) => deployment.verify(each, material)),
  );
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
