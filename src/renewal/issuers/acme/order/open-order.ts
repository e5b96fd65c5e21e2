import type { AcmeClient } from '../../../../acme/client.ts';
import { checkProfile } from '../../../../acme/messages/directory.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { acmeErrorType, type Problem } from '../../../../acme/messages/problem.ts';
import type { NewOrder, NewOrderResult } from '../../../../acme/session/order-requests.ts';
import { failedForNow } from '../../../../acme/session/host-backoff.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { IssuanceJournal, IssuanceRequest, IssuanceState } from '../../../../ports/issuer.ts';
import { askedForMs, PATIENCE_MS } from '../../../engine/resumable.ts';
import { activeOf } from '../../../state/issued-table.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';
import { recoverOrder, searchOrder } from './recover-order.ts';

/** How often a request is sent again that the CA may have carried out, and the pauses before it. */
export const MOST_REPEATS = 3;
export const FIRST_PAUSE_MS = 100;
/** So long after the request an order is young: a server of the CA may not know it yet (go-acme/lego#2518). */
const YOUNG_MS = 15 * 60_000;

/** A request that has its order. */
export type Ordered = IssuanceRequest & { readonly state: Extract<IssuanceState, { readonly orderUrl: string }> };

/**
 * The order of this request: the one that the journal names, the one that a killed run made and could not note, or a
 * new one. Throws RENEWAL_ORDER_LOST when the one in the journal leads nowhere, ACME_NOT_OFFERED for a profile that the
 * CA does not list.
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
  const directory = await client.directory(run.signal);
  // Before anything is noted: the log says what is sent, and nothing is.
  checkProfile(directory, config.profile);
  const replaces = directory.renewalInfo === null ? null : replacedId(run, session, request);
  const requested = await journal.note(
    request,
    { step: 'order-requested' },
    {
      type: 'order.requested',
      data: { issuer: config.name, names: identifiers.map(({ value }) => value), replaces, profile: config.profile },
    },
  );
  const order = await createOrder(run, client, {
    identifiers,
    ...(config.profile === null ? {} : { profile: config.profile }),
    ...(replaces === null ? {} : { replaces }),
  });
  if (!('replacesRefused' in order)) {
    return [await noteOrder(session, requested, journal, order, 'order.recovered', {}), order];
  }
  const refused = order.replacesRefused;
  const data = refused === null ? {} : { replacesRefused: acmeErrorType(refused) ?? refused.type };
  return [await noteOrder(session, requested, journal, order, 'order.created', data), order];
}

/**
 * Sends newOrder, and again after a failure of the CA itself: CAs fail this way for as long as they have too many
 * orders to make at a time. What is in the account's list came of the first request, and is used; where there is no
 * list to look at, one order at most is left behind.
 */
async function createOrder(run: AcmeRun, client: AcmeClient, order: NewOrder): Promise<NewOrderResult | OrderResource> {
  const { clock, random, signal } = run;
  for (let sent = 1; ; sent += 1) {
    try {
      return await client.newOrder(order, signal);
    } catch (error) {
      if (!failedForNow(error) || sent > MOST_REPEATS) throw error;
      await clock.sleep(FIRST_PAUSE_MS * 2 ** sent * (0.5 + random.uniform()), signal);
      const found = await lookForOrder(run, client, order.identifiers);
      if (found !== null && found !== 'none') return found;
      // With `replaces` it was sent a second time already, without.
      if (found === null && (sent > 1 || order.replaces !== undefined)) throw error;
    }
  }
}

/** `none`: the account's list has no such order. Null where there is no list, or it cannot be read. */
async function lookForOrder(
  run: AcmeRun,
  client: AcmeClient,
  identifiers: IssuanceRequest['identifiers'],
): Promise<OrderResource | 'none' | null> {
  try {
    if ((await client.getAccount(run.signal)).orders === null) return null;
    return (await searchOrder(run, client, identifiers)) ?? 'none';
  } catch {
    run.signal.throwIfAborted();
    return null;
  }
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
  const asked = askedForMs({ startedAt, ...state }, clock.now());
  // Another account (a new directory, a lost key) cannot see the order.
  if (state.accountUrl !== accountUrl) throw lost(url, 'it belongs to another account');
  const fresh = asked < YOUNG_MS;
  const resource = await client.getOrder(url, { identifiers, fresh, signal }).catch((error: unknown) => {
    const unknown = error instanceof EverbindError && error.facts.httpStatus === 404;
    if (unknown && !fresh) throw lost(url, 'the CA does not know it');
    throw error;
  });
  // Whether it has expired is the CA's to say (RFC 8555 section 7.1.6): one clock may be wrong, and a certificate may
  // come of it.
  const { status, error } = resource.order;
  if (status === 'invalid') {
    throw lost(url, 'it became invalid', error);
  }
  if (status === 'processing' && asked > PATIENCE_MS) {
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
