import { createHash } from 'node:crypto';
import { errorCode } from '../../errors/error.ts';
import { hasAddress } from '../../iis/config/bound-address.ts';
import type { PlannedEndpoint } from '../../iis/plan/types.ts';
import type { EndpointCheck, EndpointFinding } from '../../ports/deployment.ts';
import type { Endpoint, WindowsHost } from '../../ports/windows-host.ts';
import type { Probe, ServedCertificate } from '../../verify/probe.ts';
import { mapBounded } from '../../concurrency/map-bounded.ts';

export interface HandshakeOptions {
  readonly host: Pick<WindowsHost, 'endpoints' | 'addresses'>;
  readonly probe: Probe;
  readonly timeoutMs: number;
  readonly concurrency: number;
}

/** What is wrong with a served certificate, or, when nothing is, what is to be known about it. */
export type Verdict =
  | { readonly fault: { readonly code: string; readonly message: string } }
  | { readonly findings: readonly EndpointFinding[] };

export type Judge = (served: ServedCertificate, endpoint: PlannedEndpoint) => Verdict | Promise<Verdict>;

/**
 * Makes one handshake for every endpoint and every address of this machine that leads there. The result also has the
 * endpoints that cannot be reached by design, with the reason.
 */
export async function shakeHands(
  endpoints: readonly PlannedEndpoint[],
  judge: Judge,
  options: HandshakeOptions,
): Promise<readonly EndpointCheck[]> {
  const own = await options.host.addresses();
  const targets = await mapBounded(endpoints, options.concurrency, async (endpoint) => ({
    endpoint,
    places: endpoint.skip === null ? await options.host.endpoints(endpoint.address, endpoint.port) : [],
  }));
  const handshakes = targets.flatMap(({ endpoint, places }): readonly Handshake[] =>
    places.length === 0 ? [{ endpoint, place: null }] : places.map((place) => ({ endpoint, place })),
  );
  return mapBounded(handshakes, options.concurrency, async ({ endpoint, place }) =>
    place === null ? notProbed(endpoint, own) : check(endpoint, place, judge, options),
  );
}

interface Handshake {
  readonly endpoint: PlannedEndpoint;
  /** null: no address of this machine leads there. */
  readonly place: Endpoint | null;
}

async function check(
  endpoint: PlannedEndpoint,
  place: Endpoint,
  judge: Judge,
  { probe, timeoutMs }: HandshakeOptions,
): Promise<EndpointCheck> {
  const common = { endpoint: placeText(place), host: endpoint.host };
  let served: ServedCertificate;
  try {
    served = await probe({ ...place, host: endpoint.host, timeoutMs });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...common, outcome: 'failed', code: errorCode(error), message, servedThumbprint: null, findings: [] };
  }
  const [leaf] = served.chain;
  const servedThumbprint = leaf === undefined ? null : createHash('sha1').update(leaf).digest('hex');
  const verdict = await judge(served, endpoint);
  if ('fault' in verdict) return { ...common, outcome: 'failed', ...verdict.fault, servedThumbprint, findings: [] };
  const message = `as expected (${endpoint.record})`;
  return { ...common, outcome: 'verified', code: null, message, servedThumbprint, findings: verdict.findings };
}

const skipReasons = {
  'site-stopped': 'not probed: every site there is stopped',
  'no-site': 'not probed: no site uses this record',
  'address-absent': 'not probed: this machine does not have that address',
  'no-address': 'not probed: nothing listens there',
} as const;

function notProbed(endpoint: PlannedEndpoint, own: readonly string[]): EndpointCheck {
  const sites = endpoint.sites.length === 0 ? '' : ` (${endpoint.sites.join(', ')})`;
  const code = endpoint.skip ?? (hasAddress(own, endpoint.address) ? 'no-address' : 'address-absent');
  return {
    endpoint: placeText(endpoint),
    host: endpoint.host,
    outcome: 'not-checked',
    code,
    message: skipReasons[code] + sites,
    servedThumbprint: null,
    findings: [],
  };
}

function placeText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
