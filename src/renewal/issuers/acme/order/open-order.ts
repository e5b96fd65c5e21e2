import type { OrderResource } from '../../../../acme/messages/order.ts';
import { acmeErrorType } from '../../../../acme/messages/problem.ts';
import { EverbindError, type ErrorDetails } from '../../../../errors/error.ts';
import { statement } from '../../../../store/statements.ts';
import type { Transaction } from '../../../../store/store.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import { askedForMs, PATIENCE_MS } from '../../../engine/failure.ts';
import { recoverOrder } from './recover-order.ts';
import type { IssuerSession } from '../account/issuer-session.ts';
import { withRenewal } from '../../../state/journal.ts';
import { issuedWith } from '../../../state/rows.ts';
import type { ManagedCertificate, Renewal } from '../../../state/types.ts';

/**
 * The order of this renewal: the one that the journal names, the one that a killed run made and could not note, or a new one. Throws
 * RENEWAL_ORDER_LOST when the one in the journal leads nowhere.
 */
export async function openOrder(
  context: RunContext,
  session: IssuerSession,
  certificate: ManagedCertificate,
  renewal: Renewal,
): Promise<[Renewal, OrderResource]> {
  if (renewal.orderUrl !== null) return [renewal, await resumeOrder(context, session, renewal, renewal.orderUrl)];
  if (renewal.step === 'order-requested') {
    const found = await recoverOrder(context, session.client, renewal.identifiers);
    if (found !== null)
      return [await noteOrder(context, session, certificate, renewal, found, 'order.recovered', {}), found];
  }
  return newOrder(context, session, certificate, renewal);
}

async function newOrder(
  context: RunContext,
  session: IssuerSession,
  certificate: ManagedCertificate,
  begun: Renewal,
): Promise<[Renewal, OrderResource]> {
  const { client, config, accountUrl } = session;
  const { identifiers } = begun;
  const replaces = replacedId(context, certificate, begun.issuer, accountUrl);
  const requested = await context.journal.step(
    begun,
    certificate.name,
    {
      changes: { step: 'order-requested' },
      type: 'order.requested',
      data: { issuer: config.name, names: identifiers.map(({ value }) => value), replaces, profile: config.profile },
    },
    ({ audit }) => {
      if (begun.step !== 'started') return;
      const { keyHandle, algorithm } = begun;
      audit({
        type: 'key.generated',
        subject: certificate.name,
        data: withRenewal(begun.id, { key: keyHandle, algorithm }),
      });
    },
  );
  const order = await client.newOrder(
    {
      identifiers,
      ...(config.profile === null ? {} : { profile: config.profile }),
      ...(replaces === null ? {} : { replaces }),
    },
    context.signal,
  );
  const refused = order.replacesRefused;
  const data = refused === null ? {} : { replacesRefused: acmeErrorType(refused) ?? refused.type };
  return [await noteOrder(context, session, certificate, requested, order, 'order.created', data), order];
}

async function noteOrder(
  { journal }: RunContext,
  { accountUrl }: IssuerSession,
  { name }: ManagedCertificate,
  renewal: Renewal,
  { url }: OrderResource,
  type: 'order.created' | 'order.recovered',
  data: { readonly [key: string]: string },
): Promise<Renewal> {
  return journal.step(
    renewal,
    name,
    {
      changes: { step: 'ordered', orderUrl: url, accountUrl },
      type,
      data: { order: url, account: accountUrl, ...data },
    },
    (transaction) => refuseSharedOrder(transaction, renewal, url),
  );
}

/** Some CAs answer with a pending order for the same names (Boulder does). Two renewals cannot finish one order: each has its own key. */
function refuseSharedOrder({ db }: Transaction, { id }: Renewal, url: string): void {
  const other = statement(db, 'SELECT 1 FROM renewal WHERE order_url = ? AND outcome IS NULL AND id <> ?').get(url, id);
  if (other === undefined) return;
  throw new EverbindError('RENEWAL_ORDER_SHARED', 'the CA answered with the order of another certificate', {
    order: url,
  });
}

async function resumeOrder(
  { clock, signal }: RunContext,
  { client, accountUrl }: IssuerSession,
  renewal: Renewal,
  url: string,
): Promise<OrderResource> {
  const { accountUrl: orderedBy, identifiers } = renewal;
  // Another account (a new directory, a lost key) cannot see the order.
  if (orderedBy !== accountUrl) throw lost(url, 'it belongs to another account');
  const resource = await client.getOrder(url, { identifiers, signal }).catch((error: unknown) => {
    if (error instanceof EverbindError && error.details['status'] === 404) throw lost(url, 'the CA does not know it');
    throw error;
  });
  // Whether it has expired is the CA's to say (RFC 8555 section 7.1.6): one clock may be wrong, and a certificate may come of it.
  const { status, error } = resource.order;
  if (status === 'invalid') {
    throw lost(url, 'it became invalid', error === null ? {} : { problem: error.type, detail: error.detail });
  }
  if (status === 'processing' && askedForMs(renewal, clock.now()) > PATIENCE_MS)
    throw lost(url, 'the CA never finishes it');
  return resource;
}

function lost(order: string, reason: string, details: ErrorDetails = {}): EverbindError {
  return new EverbindError('RENEWAL_ORDER_LOST', `the order of the interrupted renewal leads nowhere: ${reason}`, {
    order,
    ...details,
  });
}

/** ARI id of the certificate that is replaced, only for the CA and account that issued it (RFC 9773 section 5). */
function replacedId(
  { store }: RunContext,
  certificate: ManagedCertificate,
  issuer: string,
  accountUrl: string,
): string | null {
  const [active] = store.read((db) => issuedWith(db, certificate.id, 'active'));
  return active?.issuer === issuer && active.accountUrl === accountUrl ? active.ariId : null;
}
