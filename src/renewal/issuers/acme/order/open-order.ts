import type { OrderResource } from '../../../../acme/messages/order.ts';
import { acmeErrorType, type Problem } from '../../../../acme/messages/problem.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { IssuanceJournal, IssuanceRequest, IssuanceState } from '../../../../ports/issuer.ts';
import { askedForMs, PATIENCE_MS } from '../../../engine/resumable.ts';
import { activeOf } from '../../../state/issued-table.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';
import { recoverOrder } from './recover-order.ts';

/** A request that has its order. */
export type Ordered = IssuanceRequest & { readonly state: Extract<IssuanceState, { readonly orderUrl: string }> };

/**
 * The order of this request: the one that the journal names, the one that a killed run made and could not note, or a
 * new one. Throws RENEWAL_ORDER_LOST when the one in the journal leads nowhere.
 */
export async function openOrder(
  run: AcmeRun,
  session: IssuerSession,
  request: IssuanceRequest,
  journal: IssuanceJournal,
): Promise<[Ordered, OrderResource]> {
  const { state } = request;
  if ('orderUrl' in state) return [{ ...request, state }, await resumeOrder(run, session, request, state)];
  if (state.step === 'order-requested') {
    const found = await recoverOrder(run, session, request);
    if (found !== null) return [await noteOrder(session, request, journal, found, 'order.recovered', {}), found];
  }
  return newOrder(run, session, request, journal);
}

async function newOrder(
  run: AcmeRun,
  session: IssuerSession,
  request: IssuanceRequest,
  journal: IssuanceJournal,
): Promise<[Ordered, OrderResource]> {
  const { client, config } = session;
  const { identifiers } = request;
  const replaces = replacedId(run, session, request);
  const requested = await journal.note(
    request,
    { step: 'order-requested' },
    {
      type: 'order.requested',
      data: { issuer: config.name, names: identifiers.map(({ value }) => value), replaces, profile: config.profile },
    },
  );
  const order = await client.newOrder(
    {
      identifiers,
      ...(config.profile === null ? {} : { profile: config.profile }),
      ...(replaces === null ? {} : { replaces }),
    },
    run.signal,
  );
  const refused = order.replacesRefused;
  const data = refused === null ? {} : { replacesRefused: acmeErrorType(refused) ?? refused.type };
  return [await noteOrder(session, requested, journal, order, 'order.created', data), order];
}

/** Some CAs answer with an order that another renewal has (Boulder does): the journal refuses that. */
function noteOrder(
  { accountUrl }: IssuerSession,
  request: IssuanceRequest,
  journal: IssuanceJournal,
  { url }: OrderResource,
  type: 'order.created' | 'order.recovered',
  data: { readonly [key: string]: string },
): Promise<Ordered> {
  const state = { step: 'ordered', orderUrl: url, accountUrl } as const;
  return journal.note(request, state, { type, data: { order: url, account: accountUrl, ...data } });
}

async function resumeOrder(
  { clock, signal }: AcmeRun,
  { client, accountUrl }: IssuerSession,
  { identifiers, startedAt }: IssuanceRequest,
  state: Ordered['state'],
): Promise<OrderResource> {
  const { orderUrl: url } = state;
  // Another account (a new directory, a lost key) cannot see the order.
  if (state.accountUrl !== accountUrl) throw lost(url, 'it belongs to another account');
  const resource = await client.getOrder(url, { identifiers, signal }).catch((error: unknown) => {
    if (error instanceof EverbindError && error.facts.httpStatus === 404) throw lost(url, 'the CA does not know it');
    throw error;
  });
  // Whether it has expired is the CA's to say (RFC 8555 section 7.1.6): one clock may be wrong, and a certificate may
  // come of it.
  const { status, error } = resource.order;
  if (status === 'invalid') {
    throw lost(url, 'it became invalid', error);
  }
  if (status === 'processing' && askedForMs({ startedAt, ...state }, clock.now()) > PATIENCE_MS) {
    throw lost(url, 'the CA never finishes it');
  }
  return resource;
}

function lost(order: string, reason: string, problem: Problem | null = null): EverbindError {
  return new EverbindError(
    'RENEWAL_ORDER_LOST',
    `the order of the interrupted renewal leads nowhere: ${reason}`,
    problem === null ? { order } : { order, problem: problem.type, detail: problem.detail },
    { facts: problem === null ? {} : { problem: problem.type } },
  );
}

/** ARI id of the certificate that is replaced, only for the CA and account that issued it (RFC 9773 section 5). */
function replacedId(
  { store }: AcmeRun,
  { config, accountUrl }: IssuerSession,
  { certificateId }: IssuanceRequest,
): string | null {
  const active = store.read((db) => activeOf(db, certificateId));
  return active?.issuer === config.name && active.accountUrl === accountUrl ? active.ariId : null;
}
