import type { AcmeClient } from '../../../../acme/client.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import { isClosed } from '../../../state/issuer-health.ts';
import type { AcmeRun } from '../acme-ports.ts';

/**
 * Pending ones count against limits of the CA; valid ones save a validation next time. How they stand now counts: some
 * may just have become valid.
 */
export async function abandonPending(client: AcmeClient, urls: readonly string[], signal: AbortSignal): Promise<void> {
  await Promise.allSettled(
    urls.map(async (url) => {
      const { authorization } = await client.getAuthorization(url, { signal });
      if (authorization.status === 'pending') await client.deactivateAuthorization(url, signal);
    }),
  );
}

/**
 * Abandons at the CA what the order of a superseded renewal still waits for (RFC 8555 section 7.5.2). As far as it can
 * be done now: an issuer that is not asked for now, or a CA that fails, keeps nobody from what comes next.
 */
export async function abandonOrder(
  { store, sessions, clock, signal }: AcmeRun,
  issuer: string,
  { state }: IssuanceRequest,
): Promise<void> {
  // Later steps have nothing pending any more.
  if (state.step !== 'ordered' || store.read((db) => isClosed(db, issuer, clock.now()))) return;
  try {
    const { client, accountUrl } = await sessions.open(issuer);
    if (accountUrl !== state.accountUrl) return;
    const { order } = await client.getOrder(state.orderUrl, { signal });
    if (order.status === 'pending') await abandonPending(client, order.authorizations, signal);
  } catch {
    signal.throwIfAborted();
  }
}
