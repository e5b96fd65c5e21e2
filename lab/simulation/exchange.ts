import type { EnginePorts } from '../../src/renewal/engine/engine-ports.ts';
import { issuedWith } from '../../src/renewal/state/rows.ts';
import { saveIssued } from '../../src/renewal/engine/save-issued.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Store } from '../../src/store/store.ts';
import type { SimulatedCa, SimulatedCertificate, SimulatedOrder, SuggestedWindow } from './ca.ts';

/** What the engine asked of the CAs, as the one sees it who stands between. */
export interface Overheard {
  ordered(ca: string, order: SimulatedOrder): void;
  issued(certificate: SimulatedCertificate, order: SimulatedOrder): void;
  /** `window` null: the CA did not answer, or has none. */
  polled(ca: string, id: string, window: SuggestedWindow | null): void;
}

export interface ExchangeParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly cas: ReadonlyMap<string, SimulatedCa>;
  readonly lifetimeOf: (name: string) => number;
  readonly overheard: Overheard;
}

/** The engine's way to simulated CAs: the steps of obtain.ts as far as they count, journaled in the same way, without keys and signatures. */
export function simulatedExchange({
  store,
  clock,
  cas,
  lifetimeOf,
  overheard,
}: ExchangeParts): Required<Pick<EnginePorts, 'obtain' | 'renewalInfo'>> {
  const caOf = (issuer: string): SimulatedCa => {
    const ca = cas.get(issuer);
    if (ca === undefined) throw new Error(`there is no CA ${issuer}`);
    return ca;
  };
  return {
    obtain: async ({ journal }, certificate, begun) => {
      const ca = caOf(begun.issuer);
      const now = clock.now();
      const { name } = certificate;
      const accountUrl = `https://${begun.issuer}.test/account/1`;
      const [active] = store.read((db) => issuedWith(db, certificate.id, 'active'));
      const order: SimulatedOrder = {
        name,
        names: begun.identifiers.map(({ value }) => value),
        lifetimeMs: lifetimeOf(name),
        replaces: active?.issuer === begun.issuer ? active.ariId : null,
      };
      let orderUrl = begun.orderUrl;
      if (orderUrl === null) {
        orderUrl = ca.order(order, now);
        overheard.ordered(begun.issuer, order);
      }
      let issued: SimulatedCertificate;
      try {
        issued = ca.finish(order, now);
      } catch (error) {
        if (begun.orderUrl === null) {
          const changes = { step: 'ordered' as const, orderUrl, accountUrl };
          await journal.step(begun, name, { changes, type: 'order.created', data: { order: orderUrl } });
        }
        throw error;
      }
      overheard.issued(issued, order);
      return saveIssued({ journal, clock }, accountUrl, certificate, begun, asChecked(issued));
    },
    renewalInfo: async (issuer, id) => {
      const now = clock.now();
      let window: SuggestedWindow | null = null;
      try {
        window = caOf(issuer).renewalInfo(id, now);
      } finally {
        overheard.polled(issuer, id, window);
      }
      if (window === null) return null;
      const { start, end, explanationUrl, retryAfterMs } = window;
      return { window: { start, end }, explanationUrl, retryAfterMs };
    },
  };
}

type Checked = Parameters<typeof saveIssued>[4];

/** As check-issued.ts hands it on; only what is kept of a certificate is there. */
function asChecked({ id, serialHex, thumbprint, ca, notBefore, notAfter }: SimulatedCertificate): Checked {
  const [authority = ''] = id.split('.');
  const leaf = {
    der: Buffer.from(serialHex, 'hex'),
    serialHex,
    fingerprint: thumbprint,
    authorityKeyIdentifier: Buffer.from(authority, 'base64url').toString('hex'),
  } as unknown as Checked['leaf'];
  const root = { subjectText: `CN=${ca}` } as unknown as Checked['root'];
  return { chain: [leaf], leaf, root, thumbprint, notBefore, notAfter };
}
