import { withDeadline } from '../../../../concurrency/deadline.ts';
import type { AcmeClient } from '../../../../acme/client.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import { LOOK_MS, overdue } from '../../../schedule/issuer-backoff.ts';
import { closedUntil } from '../../../state/issuer-health.ts';
import type { AcmeRun } from '../acme-ports.ts';

/**
 * Pending ones count against limits of the CA; valid ones save a validation next time. How they stand now counts: some
 * may just have become valid. What cannot be done soon is left.
 */
export async function abandonPending(
  { clock, signal }: Pick<AcmeRun, 'clock' | 'signal'>,
  client: AcmeClient,
  urls: readonly string[],
): Promise<void> {
  await withDeadline({ clock, ms: LOOK_MS, signal, late }, (look) =>
    Promise.allSettled(
      urls.map(async (url) => {
        const { authorization } = await client.getAuthorization(url, { signal: look });
        if (authorization.status === 'pending') await client.deactivateAuthorization(url, look);
      }),
    ),
  );
}

function late(): Error {
  return overdue('abandoning an order', LOOK_MS);
}

/**
 * Abandons at the CA what the order of a superseded renewal still waits for (RFC 8555 section 7.5.2). As far as it can
 * be done now: an issuer that is not asked for now, or a CA that fails, keeps nobody from what comes next.
 */
export async function abandonOrder(run: AcmeRun, issuer: string, { state }: IssuanceRequest): Promise<void> {
  const { store, sessions, clock, signal } = run;
  // Later steps have nothing pending any more.
  if (state.step !== 'ordered' || store.read((db) => closedUntil(db, issuer, clock.now())) !== null) return;
  try {
    await withDeadline({ clock, ms: 2 * LOOK_MS, signal, late }, async (look) => {
      const { client, accountUrl } = await sessions.open(issuer, look);
      if (accountUrl !== state.accountUrl) return;
      const { order } = await client.getOrder(state.orderUrl, { signal: look });
      if (order.status === 'pending') await abandonPending({ clock, signal: look }, client, order.authorizations);
    });
  } catch {
    signal.throwIfAborted();
  }
}
