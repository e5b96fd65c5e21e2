import { countdown } from '../../concurrency/countdown.ts';
import { mapBounded } from '../../concurrency/map-bounded.ts';
import { asEverbindError } from '../../errors/error.ts';
import { hasAddress } from '../../iis/config/bound-address.ts';
import type { PlannedEndpoint } from '../../iis/plan/types.ts';
import { thumbprintOf } from '../../pki/x509/certificate.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Endpoint, WindowsHost } from '../../ports/windows-host.ts';
import type { Probe, ProbeTarget, ServedCertificate } from '../../verify/probe.ts';
import { placeText, sightKey } from './sight.ts';

export interface HandshakeOptions {
  readonly host: Pick<WindowsHost, 'endpoints' | 'addresses'>;
  readonly probe: Probe;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly patience: Patience;
  readonly clock: Clock;
}

/**
 * A handshake that timed out is tried twice more: the first one after a change may build chains over the network
 * (dotnet/runtime #43879).
 */
export interface Patience {
  /** Before each further try. */
  readonly pauseMs: number;
  /** Of each further try. */
  readonly timeoutMs: number;
}

const FURTHER_TRIES = 2;
/** How long further tries are begun: with thousands of endpoints they would take hours. */
const PATIENCE_MS = 120_000;
/** Once so many hosts of an address and port have timed out, and none has not, the others get less time. */
const ENOUGH_TIMEOUTS = 16;
const SHORT_MS = 1000;

/** One look at an endpoint. */
export interface Handshake {
  readonly endpoint: PlannedEndpoint;
  /** `address:port` of the handshake, or of the binding where none was made. */
  readonly place: string;
  readonly seen: Seen;
}

export type Seen =
  | {
      readonly kind: 'served';
      readonly served: ServedCertificate;
      /** Of the leaf, lower case. */
      readonly thumbprint: string;
      /** It came only after a time-out. */
      readonly slow: boolean;
      /** It came only with a ClientHello that offers classic groups alone. */
      readonly classicGroups: boolean;
    }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string | null; readonly message: string }
  | { readonly kind: 'none'; readonly code: NotProbed };

/** Why no handshake was made, see docs/binding-rules.md. */
export type NotProbed = 'site-stopped' | 'no-site' | 'address-absent' | 'no-address';

/**
 * Makes one handshake for every endpoint and every address of this machine that leads there. The result also has the
 * endpoints that cannot be reached by design, with the reason; not those of a rival's address that this machine does
 * not have. `isPatient` tells where a time-out is no answer yet.
 */
export async function shakeHands(
  endpoints: readonly PlannedEndpoint[],
  options: HandshakeOptions,
  isPatient: (place: string, host: string) => boolean,
): Promise<readonly Handshake[]> {
  const { host, probe, timeoutMs, concurrency } = options;
  const own = await host.addresses();
  // Windows lists every interface for each answer, and most endpoints are of one address and port.
  const placesOf = new Map<string, Promise<readonly Endpoint[]>>();
  const placesAt = ({ address, port }: Endpoint): Promise<readonly Endpoint[]> => {
    const binding = placeText({ address, port });
    const places = placesOf.get(binding) ?? host.endpoints(address, port);
    placesOf.set(binding, places);
    return places;
  };
  const targets = await mapBounded(
    endpoints.filter(({ advisory, address }) => !advisory || hasAddress(own, address)),
    concurrency,
    async (endpoint) => ({
      endpoint,
      places: endpoint.skip === null ? await placesAt(endpoint) : [],
    }),
  );
  // Several records may lead to one place; what it serves to a host does not depend on which one is asked about.
  const made = new Map<string, Promise<Seen>>();
  const timeouts = new Map<string, number>();
  const left = countdown(options.clock, PATIENCE_MS);
  const lookAt = async (place: string, target: ProbeTarget): Promise<Seen> => {
    const isSilent = (timeouts.get(place) ?? 0) >= ENOUGH_TIMEOUTS;
    const patience = !isSilent && isPatient(place, target.host) ? options.patience : null;
    const limited = isSilent ? { ...target, timeoutMs: Math.min(timeoutMs, SHORT_MS) } : target;
    const seen = await look(probe, limited, patience, () => left() > 0, options.clock);
    // Where one does not time out, all others get their time.
    timeouts.set(place, isTimeout(seen) ? (timeouts.get(place) ?? 0) + 1 : Number.NEGATIVE_INFINITY);
    return seen;
  };
  const seenAt = (target: ProbeTarget): Promise<Seen> => {
    const place = placeText(target);
    const key = sightKey(place, target.host);
    const known = made.get(key);
    if (known !== undefined) return known;
    const seen = lookAt(place, target);
    made.set(key, seen);
    return seen;
  };
  const handshakes = targets.flatMap(({ endpoint, places }): readonly Target[] =>
    places.length === 0 ? [{ endpoint, place: null }] : places.map((place) => ({ endpoint, place })),
  );
  return mapBounded(handshakes, concurrency, async ({ endpoint, place }): Promise<Handshake> => {
    if (place === null) {
      const code = endpoint.skip ?? (hasAddress(own, endpoint.address) ? 'no-address' : 'address-absent');
      return { endpoint, place: placeText(endpoint), seen: { kind: 'none', code } };
    }
    const seen = await seenAt({ ...place, host: endpoint.host, timeoutMs });
    return { endpoint, place: placeText(place), seen };
  });
}

interface Target {
  readonly endpoint: PlannedEndpoint;
  /** null: no handshake is possible. */
  readonly place: Endpoint | null;
}

async function look(
  probe: Probe,
  target: ProbeTarget,
  patience: Patience | null,
  isTimeLeft: () => boolean,
  clock: Clock,
): Promise<Seen> {
  let seen = await tryOnce(probe, target);
  if (patience === null) return seen;
  for (let tries = 0; tries < FURTHER_TRIES && isTimeout(seen) && isTimeLeft(); tries += 1) {
    await clock.sleep(patience.pauseMs);
    seen = await tryOnce(probe, { ...target, timeoutMs: patience.timeoutMs });
    if (seen.kind === 'served') return { ...seen, slow: true };
  }
  return seen;
}

function isTimeout(seen: Seen): boolean {
  return seen.kind === 'failed' && seen.code === 'VERIFY_TIMEOUT';
}

/**
 * Servers, and what stands before them, may end a ClientHello that does not fit into one packet, as one with a
 * post-quantum key share does not: such an end is asked about once more.
 */
async function tryOnce(probe: Probe, target: ProbeTarget): Promise<Seen> {
  const seen = await shake(probe, target);
  if (seen.kind !== 'failed' || seen.code !== 'VERIFY_HANDSHAKE_FAILED') return seen;
  const again = await shake(probe, { ...target, classicGroups: true });
  return again.kind === 'served' ? { ...again, classicGroups: true } : seen;
}

async function shake(probe: Probe, target: ProbeTarget): Promise<Seen> {
  try {
    const served = await probe(target);
    const thumbprint = thumbprintOf(served.chain[0] ?? new Uint8Array());
    return { kind: 'served', served, thumbprint, slow: false, classicGroups: false };
  } catch (error) {
    const { code, facts, message } = asEverbindError(error);
    return { kind: 'failed', code, reason: facts.reason ?? null, message };
  }
}
