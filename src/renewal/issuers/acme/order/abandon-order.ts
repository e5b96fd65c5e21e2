import type { AcmeClient } from '../../../../acme/client.ts';
import { statement } from '../../../../store/statements.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import type { Renewal } from '../../../state/types.ts';

/** Pending ones count against limits of the CA; valid ones save a proof next time. How they stand now counts: some may just have been proved. */
export async function abandonPending(client: AcmeClient, urls: readonly string[], signal: AbortSignal): Promise<void> {
  await Promise.allSettled(
    urls.map(async (url) => {
      const { authorization } = await client.getAuthorization(url, { signal });
      if (authorization.status === 'pending') await client.deactivateAuthorization(url, signal);
    }),
  );
}

/**
 * Gives up at the CA what the order of a superseded renewal still waits for (RFC 8555 section 7.5.2). As far as it can be done now: an issuer
 * that is left alone, or a CA that fails, keeps nobody from what comes next.
 */
export async function abandonOrder({ store, sessions, clock, signal }: RunContext, given: Renewal): Promise<void> {
  const { step, orderUrl, issuer } = given;
  // Later steps have nothing pending any more.
  if (step !== 'ordered' || orderUrl === null) return;
  const closed = store.read((db) =>
    statement(db, 'SELECT 1 FROM issuer_health WHERE issuer = ? AND closed_until > ?').get(issuer, clock.now()),
  );
  if (closed !== undefined) return;
  try {
    const { client, accountUrl } = await sessions.open(issuer);
    if (accountUrl !== given.accountUrl) return;
    const { order } = await client.getOrder(orderUrl, { signal });
    if (order.status === 'pending') await abandonPending(client, order.authorizations, signal);
  } catch {
    signal.throwIfAborted();
  }
}
