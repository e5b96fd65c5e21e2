import { hash } from 'node:crypto';
import { type AcmeClient, createAcmeClient } from '../../src/acme/client.ts';
import type { Order } from '../../src/acme/messages/order.ts';
import type { State } from '../../src/agent/state.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createTransport } from '../../src/net/transport.ts';
import { identifierKey } from '../../src/pki/x509/names.ts';
import type { FaultProxy, Passed } from '../fault-proxy/proxy.ts';
import { rowsOf } from './rows.ts';
import type { ChaosWorld } from './world.ts';

/** What the CA has, against what the journal says. */
export interface CaJudgement {
  /** Certificates that the CA has issued, the spare ones left out. */
  readonly issued: number;
  /**
   * Certificates of an issuer that was abandoned in favour of another one, by the rule of
   * src/renewal/engine/may-have-issued.ts.
   */
  readonly spare: number;
  /**
   * Orders without a certificate that nobody could have known of (see `isBlind`), or that another issuer was asked
   * instead of.
   */
  readonly unknowable: number;
  readonly findings: readonly string[];
}

const HOUR_MS = 3_600_000;

interface CaOrder {
  readonly url: string;
  readonly order: Order;
  /** SHA-1 of the leaf, lower hex; null without a certificate. */
  readonly thumbprint: string | null;
  readonly made: Passed;
}

/**
 * No order lost, no certificate issued twice for one due date, none issued and lost. `rounds`: due dates of each
 * certificate.
 */
export async function judgeCa(world: ChaosWorld, state: State, rounds: number): Promise<CaJudgement> {
  const findings: string[] = [];
  const known = new Set(rowsOf(state, 'SELECT order_url FROM renewal').map((row) => row['order_url']));
  const saved = new Set(rowsOf(state, 'SELECT thumbprint FROM issued').map((row) => row['thumbprint']));
  const spareOrders = new Set(
    rowsOf(
      state,
      `SELECT order_url FROM renewal WHERE step = 'authorized' AND outcome IN ('failed', 'superseded') AND finished_at - started_at >= ${HOUR_MS}`,
    ).map((row) => row['order_url']),
  );
  const timesIssued = new Map<string, number>();
  let unknowable = 0;
  let issued = 0;
  let spare = 0;
  for (const { issuer, proxy } of world.proxies) {
    const orders = await ordersAt(state, issuer, proxy);
    // By names: where two are lost, the one that is found again may be the one that could not be known of.
    const excuses = [
      ...orders.filter(({ made }) => isBlind(made, proxy)).map(({ order }) => namesOf(order.identifiers)),
      ...givenUpAt(world, state, issuer),
      ...searchedInVain(state, issuer),
    ];
    for (const { url, order, thumbprint, made } of orders) {
      const text = `${issuer} order ${new URL(url).pathname} (${order.status})`;
      const names = namesOf(order.identifiers);
      if (thumbprint !== null && world.proxies.length > 1 && spareOrders.has(url)) spare += 1;
      else if (thumbprint !== null) {
        issued += 1;
        timesIssued.set(names, (timesIssued.get(names) ?? 0) + 1);
        if (!saved.has(thumbprint)) findings.push(`${text}: issued and lost`);
      }
      if (known.has(url)) continue;
      const excuse = thumbprint === null && order.status !== 'processing' ? excuses.indexOf(names) : -1;
      if (excuse < 0) findings.push(`${text}: not in the journal; its request met ${made.fault ?? 'no fault'}`);
      else {
        excuses.splice(excuse, 1);
        unknowable += 1;
      }
    }
    const made = new Set(orders.map(({ url }) => url));
    for (const url of known) {
      if (typeof url === 'string' && url.startsWith(new URL(proxy.directoryUrl).origin) && !made.has(url)) {
        findings.push(`${url}: in the journal, and the CA never made it`);
      }
    }
  }
  for (const [names, times] of timesIssued) {
    if (times !== rounds) findings.push(`${names}: issued ${times} times for ${rounds} due dates`);
  }
  return { issued, spare, unknowable, findings };
}

/**
 * Names of the orders that were asked for at this issuer and never heard of, where another issuer could be asked
 * instead.
 */
function givenUpAt({ proxies }: ChaosWorld, state: State, issuer: string): readonly string[] {
  if (proxies.length === 1) return [];
  return rowsOf(
    state,
    `SELECT identifiers FROM renewal WHERE issuer = '${issuer}' AND step = 'order-requested' AND outcome IN ('failed', 'superseded')`,
  ).map((row) => namesOf(JSON.parse(row['identifiers'] as string) as Order['identifiers']));
}

/** Names of the orders that were searched for at this issuer while it could not show its list of them. */
function searchedInVain(state: State, issuer: string): readonly string[] {
  return rowsOf(
    state,
    `SELECT r.identifiers FROM audit_event e JOIN renewal r ON r.id = json_extract(e.event, '$.data.renewal')
     WHERE json_extract(e.event, '$.type') = 'order.search-failed' AND r.issuer = '${issuer}'`,
  ).map((row) => namesOf(JSON.parse(row['identifiers'] as string) as Order['identifiers']));
}

function namesOf(identifiers: Order['identifiers']): string {
  return identifiers.map(identifierKey).toSorted().join(' ');
}

/**
 * Whether no client can learn of this order in time. A request that came to the CA twice is refused for its nonce the
 * second time, and a client that is told so must ask again (RFC 8555 section 6.5): it cannot know that the first one
 * was taken. An old response, also one of the account's list of orders, says nothing of a new order. A response that is
 * only lost is no excuse while the list can be had: it has the order.
 */
function isBlind({ fault }: Passed, { passed }: FaultProxy): boolean {
  const oldList = passed.some(({ kind, fault: met }) => kind === 'orders' && met === 'duplicate response');
  return fault === 'duplicate request' || fault === 'duplicate response' || oldList;
}

async function ordersAt(state: State, issuer: string, proxy: FaultProxy): Promise<readonly CaOrder[]> {
  const made = new Map<string, Passed>();
  for (const passed of proxy.passed) {
    const { kind, status, location } = passed;
    if (kind === 'new-order' && status === 201 && location !== null && !made.has(location)) made.set(location, passed);
  }
  const [account] = rowsOf(state, `SELECT key_handle, url FROM account WHERE issuer = '${issuer}'`);
  if (account === undefined || typeof account['url'] !== 'string') return [];
  const transport = createTransport({ roots: [proxy.caPem], proxy: null });
  try {
    const client = createAcmeClient({
      directoryUrl: proxy.directoryUrl,
      transport,
      clock: systemClock,
      random: systemRandom,
      userAgent: 'everbind-chaos',
      signer: await state.keys.open(account['key_handle'] as string),
      accountUrl: account['url'],
    });
    const orders: CaOrder[] = [];
    for (const [url, request] of made) {
      const { order } = await client.getOrder(url);
      orders.push({ url, order, thumbprint: await thumbprintOf(client, order), made: request });
    }
    return orders;
  } finally {
    transport.close();
  }
}

async function thumbprintOf(client: AcmeClient, { certificate }: Order): Promise<string | null> {
  if (certificate === null) return null;
  const [leaf] = (await client.downloadCertificate(certificate)).chain;
  return leaf === undefined ? null : hash('sha1', leaf, 'hex');
}
