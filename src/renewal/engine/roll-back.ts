import { asEverbindError, EverbindError } from '../../errors/error.ts';
import { deploy } from '../deployment/deploy.ts';
import { type ManagedCertificate, requireCertificate } from '../state/certificate-table.ts';
import { isKeyRevoked, previousOf } from '../state/issued-table.ts';
import { isDeploying, openRenewal, type Renewal } from '../state/renewal-table.ts';
import type { RunContext } from './engine-ports.ts';
import type { Outcome } from './outcome.ts';
import { recordFailure } from './record-failure.ts';
import { deploymentOf, openIn, supersede } from './resume-or-begin.ts';

/**
 * Binds the certificate that was in use before, or the last one before that is still valid and whose key was not
 * revoked, with the same care as a new one. A renewal under way is superseded; where it left bindings half-changed, it
 * is finished first, as if a person had forced that. Throws RENEWAL_UNKNOWN_CERTIFICATE, RENEWAL_NO_PREVIOUS, and
 * RENEWAL_UNDER_WAY when bindings stay half-changed.
 */
export async function rollBack(context: RunContext, name: string): Promise<Outcome> {
  const { store, clock } = context;
  const certificate = store.read((db) => requireCertificate(db, name));
  const open = await finished(context, certificate);
  const previous = store.read((db) =>
    previousOf(db, certificate.id).find(
      ({ notAfter, keyHandle }) => notAfter > clock.now() && !isKeyRevoked(db, certificate.id, keyHandle),
    ),
  );
  if (previous === undefined) {
    const message = `there is no earlier certificate of ${name} that is still valid`;
    throw new EverbindError('RENEWAL_NO_PREVIOUS', message, { name });
  }
  // On a machine that cannot have the deployments any more, nothing is begun.
  for (const config of certificate.config.deployments) await context.deploymentFor(config, certificate);
  const renewal = deploymentOf(context, previous, 'rollback');
  if (open === null) await store.commit((transaction) => openIn(transaction, name, renewal));
  else {
    await supersede(context, certificate, open, 'rolled back', (transaction) => openIn(transaction, name, renewal));
  }
  try {
    return await deploy(context, certificate, renewal);
  } catch (error) {
    context.signal.throwIfAborted();
    return recordFailure(context, certificate, error);
  }
}

/** What is open and has changed no binding, once what has is verified or restored. */
async function finished(context: RunContext, certificate: ManagedCertificate): Promise<Renewal | null> {
  const { store, signal } = context;
  const { name, id } = certificate;
  const open = store.read((db) => openRenewal(db, id));
  if (open === null || !isDeploying(open)) return open;
  try {
    await deploy({ ...context, forced: true }, certificate, open);
  } catch (error) {
    signal.throwIfAborted();
    const { message } = asEverbindError(error);
    throw new EverbindError('RENEWAL_UNDER_WAY', `a renewal of ${name} is not finished: ${message}`, { name });
  }
  return store.read((db) => openRenewal(db, id));
}
