import type { IssuedCertificate } from '../../src/pki/check-issued.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Issuer, Issuers } from '../../src/ports/issuer.ts';
import type { EnginePorts } from '../../src/renewal/engine/engine-ports.ts';
import { activeOf } from '../../src/renewal/state/issued-table.ts';
import type { Store } from '../../src/store/store.ts';
import type { SimulatedCa, SimulatedCertificate, SimulatedOrder, SuggestedWindow } from './ca.ts';

/** What the engine asked of the CAs, as the one sees it who stands between. */
export interface Overheard {
  ordered(ca: string, order: SimulatedOrder): void;
  issued(certificate: SimulatedCertificate, order: SimulatedOrder): void;
  /** `window` null: the CA did not respond, or has none. */
  polled(ca: string, id: string, window: SuggestedWindow | null): void;
}

export interface ExchangeParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly cas: ReadonlyMap<string, SimulatedCa>;
  readonly lifetimeOf: (name: string) => number;
  readonly overheard: Overheard;
}

/** The engine's way to simulated CAs, without keys and signatures. */
export interface Exchange {
  readonly issuers: Issuers;
  readonly checkIssued: EnginePorts['checkIssued'];
}

export function simulatedExchange({ store, clock, cas, lifetimeOf, overheard }: ExchangeParts): Exchange {
  /** By the serial number, which stands for the DER. */
  const underWay = new Map<string, SimulatedCertificate>();

  function issuerFor(name: string): Issuer {
    const ca = cas.get(name);
    if (ca === undefined) throw new Error(`there is no CA ${name}`);
    const accountUrl = `https://${name}.test/account/1`;
    return {
      prepare: async () => {},
      issue: async (request, _signer, journal) => {
        const now = clock.now();
        const active = store.read((db) => activeOf(db, request.certificateId));
        const order: SimulatedOrder = {
          name: request.name,
          names: request.identifiers.map(({ value }) => value),
          lifetimeMs: lifetimeOf(request.name),
          replaces: active?.issuer === name ? active.ariId : null,
        };
        const known = 'orderUrl' in request.state ? request.state.orderUrl : null;
        const orderUrl = known ?? ca.order(order, now);
        if (known === null) overheard.ordered(name, order);
        let issued: SimulatedCertificate;
        try {
          issued = ca.finish(order, now);
        } catch (error) {
          if (known === null) {
            const state = { step: 'ordered', orderUrl, accountUrl } as const;
            await journal.note(request, state, { type: 'order.created', data: { order: orderUrl } });
          }
          throw error;
        }
        overheard.issued(issued, order);
        underWay.set(issued.serialHex, issued);
        return { chain: [Buffer.from(issued.serialHex, 'hex')], accountUrl, roots: [] };
      },
      abandon: async () => {},
      revoke: () => Promise.reject(new Error('nobody revokes in a simulation')),
      renewalInformation: async (id) => {
        let window: SuggestedWindow | null = null;
        try {
          window = ca.renewalInfo(id, clock.now());
        } finally {
          overheard.polled(name, id, window);
        }
        if (window === null) return null;
        const { start, end, explanationUrl, retryAfterMs } = window;
        return { window: { start, end }, explanationUrl, retryAfterMs };
      },
    };
  }

  return {
    issuers: { open: issuerFor, tidyUp: async () => {} },
    checkIssued: async ({ chain: [der] }) => {
      const serial = Buffer.from(der ?? []).toString('hex');
      const issued = underWay.get(serial);
      if (issued === undefined) throw new Error('this certificate was never issued');
      underWay.delete(serial);
      return asChecked(issued);
    },
  };
}

/** As check-issued.ts hands it on; only what is kept of a certificate is there. */
function asChecked({ id, serialHex, thumbprint, ca, notBefore, notAfter }: SimulatedCertificate): IssuedCertificate {
  const [authority = ''] = id.split('.');
  const leaf = {
    der: Buffer.from(serialHex, 'hex'),
    serialHex,
    fingerprint: thumbprint,
    authorityKeyIdentifier: Buffer.from(authority, 'base64url').toString('hex'),
  } as unknown as IssuedCertificate['leaf'];
  const root = { subjectText: `CN=${ca}` } as unknown as IssuedCertificate['root'];
  return { chain: [leaf], leaf, root, thumbprint, notBefore, notAfter };
}
