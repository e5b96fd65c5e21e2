import type { AcmeClient } from '../../../../acme/client.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { type Identifier, identifierKey } from '../../../../pki/x509/names.ts';
import { isOrderKnown } from '../../../state/renewal-table.ts';
import type { AcmeRun } from '../acme-ports.ts';

/** A list is looked through this far: it is asked for only after a kill, and the newest orders matter. */
const MOST_ORDERS = 1000;

/**
 * The order that a killed run created but could not note: one of the account's orders (RFC 8555 section 7.1.2.1) that
 * the journal does not know, for exactly these names, and not asked for a certificate yet: one that was is for another
 * key, which a database restored from a copy has forgotten. Null where there is none or the CA keeps no list. An
 * unknown order is ours to take: the account's key is ours alone.
 */
export async function recoverOrder(
  { store, signal }: AcmeRun,
  client: AcmeClient,
  identifiers: readonly Identifier[],
): Promise<OrderResource | null> {
  const wanted = keysOf(identifiers);
  let seen = 0;
  for await (const url of client.orderUrls(signal)) {
    if (++seen > MOST_ORDERS) return null;
    if (store.read((db) => isOrderKnown(db, url))) continue;
    const resource = await client.getOrder(url, { signal });
    const { status } = resource.order;
    const open = status === 'pending' || status === 'ready';
    if (open && keysOf(resource.order.identifiers) === wanted) return resource;
  }
  return null;
}

function keysOf(identifiers: readonly Identifier[]): string {
  return identifiers.map(identifierKey).sort().join(' ');
}
