import type { OrderResource } from '../../../acme/messages/order.ts';
import { EverbindError } from '../../../errors/error.ts';
import { checkIssued } from '../../../pki/check-issued.ts';
import { buildCsr } from '../../../pki/x509/csr.ts';
import type { Signer } from '../../../ports/signer.ts';
import { authorize } from './authorization/authorize.ts';
import type { RunContext } from '../../engine/run-context.ts';
import { isOrderNotReady } from '../../engine/failure.ts';
import type { IssuerSession } from './account/issuer-session.ts';
import { openOrder } from './order/open-order.ts';
import { preflight } from './order/preflight.ts';
import { runAtStaging } from './order/staging-run.ts';
import { saveIssued } from '../../engine/save-issued.ts';
import type { ManagedCertificate, Renewal } from '../../state/types.ts';

/**
 * From the start of a renewal, or from wherever an earlier run got, to a checked certificate in the database: key, order, authorizations,
 * finalization, check. Every step is durable before the next one begins.
 */
export async function obtain(context: RunContext, certificate: ManagedCertificate, begun: Renewal): Promise<Renewal> {
  const session = await context.sessions.open(begun.issuer);
  try {
    return await obtainFrom(context, session, certificate, begun);
  } catch (error) {
    await context.sessions.checkAccount(session, error, context.signal);
    throw error;
  }
}

async function obtainFrom(
  context: RunContext,
  session: IssuerSession,
  certificate: ManagedCertificate,
  begun: Renewal,
): Promise<Renewal> {
  const { keys, clock, signal } = context;
  let renewal = begun;
  session.client.prepare();
  await preflight(context, session, certificate, renewal);
  await runAtStaging(context, session, certificate, renewal);
  if (renewal.step === 'started') await keys.generate(renewal.keyHandle, renewal.algorithm);
  const signer = await keys.open(renewal.keyHandle);
  let order: OrderResource;
  [renewal, order] = await openOrder(context, session, certificate, renewal);
  const ordered = renewal;
  const data = { order: order.url };
  const ready = (): Promise<Renewal> =>
    context.journal.step(ordered, certificate.name, {
      changes: { step: 'authorized', authorizedAt: context.clock.now() },
      type: 'order.ready',
      data,
    });
  if (order.order.status === 'pending') {
    [order, renewal] = await authorize(context, session.client, certificate, renewal, order, ready);
  } else if (renewal.step === 'ordered') {
    // Nothing was left to prove. The journal says so before the CA is asked for the certificate.
    renewal = await ready();
  }
  const valid = await finalize(context, session, renewal, signer, order);
  const url = valid.order.certificate;
  if (url === null) throw new EverbindError('ACME_RESPONSE_INVALID', 'The CA names no certificate in a valid order');
  const { preferredIssuer } = session.config;
  const { chain } = await session.client.downloadCertificate(url, {
    ...(preferredIssuer === null ? {} : { preferredIssuer }),
    signal,
  });
  const issued = checkIssued({
    chain,
    publicKey: signer.publicKey,
    identifiers: renewal.identifiers,
    now: clock.now(),
    roots: session.roots,
  });
  return saveIssued(context, session.accountUrl, certificate, renewal, issued);
}

/** An interrupted run may have asked already: the order then is no longer `ready` and is only waited for. */
async function finalize(
  { signal }: RunContext,
  { client }: IssuerSession,
  { identifiers }: Renewal,
  signer: Signer,
  begun: OrderResource,
): Promise<OrderResource> {
  const { url } = begun;
  let order = begun;
  if (order.order.status === 'ready') {
    const csr = await buildCsr({ identifiers, signer });
    const answered = await client.finalize(order.order.finalize, csr, signal).catch((error: unknown) => {
      // The request came to the CA twice, on its way or from a run that was killed: the first one was taken.
      if (isOrderNotReady(error)) return null;
      throw error;
    });
    if (answered !== null) order = { url, ...answered };
  }
  if (order.order.status === 'valid') return order;
  return client.waitForOrder(url, { until: 'valid', identifiers, signal, retryAfterMs: order.retryAfterMs });
}
