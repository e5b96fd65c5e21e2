import type { AcmeClient } from '../../../../acme/client.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { isTransient } from '../../../../acme/session/response.ts';
import { asEverbindError } from '../../../../errors/error.ts';
import { type Identifier, identifierKey } from '../../../../pki/x509/names.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import type { Transaction } from '../../../../store/store.ts';
import { isOrderKnown, withRenewal } from '../../../state/renewal-table.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';

/** A list is looked through this far: it is asked for only after a kill, and the newest orders matter. */
const MOST_ORDERS = 1000;
/** Pauses before the search is made once more, unless the CA refused it. */
const PAUSES_MS = [1000, 4000];

/**
 * The order that a killed run created but could not note: one of the account's orders (RFC 8555 section 7.1.2.1) that
 * the journal does not know, for exactly these names, and not asked for a certificate yet: one that was is for another
 * key, which a database restored from a copy has forgotten. Null where there is none, where the CA keeps no list, and
 * where the search fails, in whatever way: a CA that cannot show its list would otherwise never be asked again. The
 * price is one order too many for each response that was lost. An unknown order is ours to take: the account's key is
 * ours alone.
 */
export async function recoverOrder(
  run: AcmeRun,
  { client, config }: Pick<IssuerSession, 'client' | 'config'>,
  request: IssuanceRequest,
): Promise<OrderResource | null> {
  const { store, clock, signal } = run;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await searchOrder(run, client, request.identifiers);
    } catch (error) {
      signal.throwIfAborted();
      const pause = (asEverbindError(error).facts.httpStatus ?? 500) < 500 ? undefined : PAUSES_MS[attempt];
      if (pause === undefined) {
        await store.commit((transaction) => noteSearchFailed(transaction, config.name, request, error));
        return null;
      }
      await clock.sleep(pause, signal);
    }
  }
}

/** As recoverOrder, once; throws whatever keeps the list from being read. */
export async function searchOrder(
  { store, signal }: AcmeRun,
  client: AcmeClient,
  identifiers: readonly Identifier[],
): Promise<OrderResource | null> {
  const wanted = keysOf(identifiers);
  let seen = 0;
  for await (const url of client.orderUrls(signal)) {
    if (++seen > MOST_ORDERS) return null;
    if (store.read((db) => isOrderKnown(db, url))) continue;
    const resource = await readOrder(client, url, signal);
    if (resource === null) continue;
    const { status } = resource.order;
    const open = status === 'pending' || status === 'ready';
    if (open && keysOf(resource.order.identifiers) === wanted) return resource;
  }
  return null;
}

/** Null for one that the CA lists and does not show: old orders that are gone hide no new one. */
async function readOrder(client: AcmeClient, url: string, signal: AbortSignal): Promise<OrderResource | null> {
  try {
    return await client.getOrder(url, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isTransient(error)) throw error;
    return null;
  }
}

function noteSearchFailed(
  { audit }: Transaction,
  issuer: string,
  { name, renewalId }: IssuanceRequest,
  error: unknown,
): void {
  const { code, message, facts } = asEverbindError(error);
  const data = { issuer, code, problem: facts.problem ?? null, message: message.slice(0, 2000).toWellFormed() };
  audit({ type: 'order.search-failed', subject: name, data: withRenewal(renewalId, data) });
}

function keysOf(identifiers: readonly Identifier[]): string {
  return identifiers.map(identifierKey).sort().join(' ');
}
