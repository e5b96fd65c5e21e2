import { mapBounded } from '../../concurrency/map-bounded.ts';
import type { EndpointCheck, EndpointFinding, EndpointOutcome } from '../../ports/deployment.ts';
import type { PlannedEndpoint } from '../../iis/plan/types.ts';
import type { ServedVerdict } from '../../verify/judge-served.ts';
import type { ServedCertificate } from '../../verify/probe.ts';
import type { Handshake, NotProbed, Seen } from './handshakes.ts';
import { sameFailure, type Sight, sightKey, type Sights } from './sight.ts';

// What handshakes after a change say of the change. Servers fail handshakes for reasons of their own, and what they
// serve may come from elsewhere than the record: so the handshakes before it are compared with.

/** What is wrong with a served certificate, or, when nothing is, what is to be known about it. */
export type Judge = (served: ServedCertificate, endpoint: PlannedEndpoint) => Promise<ServedVerdict>;

/** Chains are parsed, which takes a while where there are thousands. */
const JUDGED_AT_ONCE = 16;

interface Verdict {
  readonly outcome: EndpointOutcome;
  readonly code: string | null;
  readonly message: string;
}

type Failed = Extract<Seen, { kind: 'failed' }>;
type Served = Extract<Seen, { kind: 'served' }>;

/** What a look keeps for the judgement after the change. */
export function sightsOf(handshakes: readonly Handshake[]): Sights {
  return new Map(
    handshakes.flatMap(({ endpoint, place, seen }): readonly (readonly [string, Sight])[] => {
      if (seen.kind === 'none') return [];
      const sight: Sight =
        seen.kind === 'served'
          ? { kind: 'served', thumbprint: seen.thumbprint }
          : { kind: 'failed', code: seen.code, reason: seen.reason };
      return [[sightKey(place, endpoint.host), sight]];
    }),
  );
}

/**
 * Whether the certificate is in use. `before`: null when nobody looked; then every handshake that fails counts, as it
 * does for an endpoint that is not in it.
 */
export function judgeChanged(
  handshakes: readonly Handshake[],
  before: Sights | null,
  judge: Judge,
): Promise<readonly EndpointCheck[]> {
  const outOfOrder = failuresOfPlaces(handshakes, before);
  return mapBounded(withRivals(handshakes), JUDGED_AT_ONCE, async (handshake) => {
    const { endpoint, place, seen } = handshake;
    const earlier = before?.get(sightKey(place, endpoint.host)) ?? null;
    switch (seen.kind) {
      case 'none':
        return checkOf(handshake, notProbed(endpoint, seen.code));
      case 'failed':
        return checkOf(handshake, failedAfter(endpoint, seen, earlier, outOfOrder.get(place) ?? []));
      case 'served': {
        const verdict = await judge(seen.served, endpoint);
        if ('fault' in verdict) return checkOf(handshake, wrongAfter(endpoint, seen, earlier, verdict.fault));
        return checkOf(handshake, asExpected(endpoint), verdict.findings);
      }
    }
  });
}

/** Whether the endpoints serve again what they served before the change. */
export function judgeRestored(handshakes: readonly Handshake[], before: Sights | null): readonly EndpointCheck[] {
  return handshakes.map((handshake) => {
    const { endpoint, place, seen } = handshake;
    const earlier = before?.get(sightKey(place, endpoint.host)) ?? null;
    switch (seen.kind) {
      case 'none':
        return checkOf(handshake, notProbed(endpoint, seen.code));
      case 'failed':
        if (endpoint.advisory) return checkOf(handshake, shadowed(endpoint, seen.message));
        return checkOf(
          handshake,
          earlier !== null && sameFailure(earlier, seen) ? failedBefore(seen) : { outcome: 'failed', ...seen },
        );
      case 'served':
        return checkOf(handshake, restored(endpoint, seen, earlier));
    }
  });
}

/** A binding to every address is looked at where one of them may have a rival: that is its rival then, too. */
function withRivals(handshakes: readonly Handshake[]): readonly Handshake[] {
  const rivals = new Map(
    handshakes.flatMap(({ endpoint: { rival, host }, place }) =>
      rival === null ? [] : [[sightKey(place, host), rival] as const],
    ),
  );
  return handshakes.map((handshake) => {
    const { endpoint, place } = handshake;
    const rival = endpoint.rival ?? rivals.get(sightKey(place, endpoint.host)) ?? null;
    return { ...handshake, endpoint: { ...endpoint, rival } };
  });
}

/** How handshakes failed before at places where every one with a record did. */
function failuresOfPlaces(
  handshakes: readonly Handshake[],
  before: Sights | null,
): ReadonlyMap<string, readonly Sight[]> {
  const sights = new Map<string, Sight[]>();
  for (const { endpoint, place } of handshakes) {
    const sight = before?.get(sightKey(place, endpoint.host));
    if (sight === undefined || endpoint.advisory || endpoint.hashBefore === null) continue;
    sights.set(place, [...(sights.get(place) ?? []), sight]);
  }
  return new Map([...sights].filter(([, found]) => found.every(({ kind }) => kind === 'failed')));
}

/** `elsewhere`: how all others at the same address and port failed before; empty when one did not. */
function failedAfter(
  endpoint: PlannedEndpoint,
  seen: Failed,
  earlier: Sight | null,
  elsewhere: readonly Sight[],
): Verdict {
  if (endpoint.advisory) return shadowed(endpoint, seen.message);
  const isSame = earlier !== null && sameFailure(earlier, seen);
  if (endpoint.hashBefore !== null) return isSame ? failedBefore(seen) : { outcome: 'failed', ...seen };
  // Where the plan creates the record, there was nothing to shake hands with before: http.sys ends such connections at
  // once. A time-out has another cause, and so has what the others there met as well.
  const isOthers = elsewhere.some((sight) => sameFailure(sight, seen));
  return isOthers || (isSame && seen.code === 'VERIFY_TIMEOUT') ? failedBefore(seen) : { outcome: 'failed', ...seen };
}

function wrongAfter(
  endpoint: PlannedEndpoint,
  { thumbprint }: Served,
  earlier: Sight | null,
  fault: { readonly code: string; readonly message: string },
): Verdict {
  const { rival, advisory, hashBefore } = endpoint;
  if (advisory || (rival !== null && rival.certificateHash === thumbprint)) return shadowed(endpoint, fault.message);
  const isUnchanged = earlier?.kind === 'served' && earlier.thumbprint === thumbprint;
  if (isUnchanged && hashBefore !== null && hashBefore.toLowerCase() !== thumbprint) {
    const message = `the record ${endpoint.record} was not what served this endpoint before either: ${fault.message}`;
    return { outcome: 'failed-before', code: fault.code, message };
  }
  return { outcome: 'failed', ...fault };
}

function restored(endpoint: PlannedEndpoint, { thumbprint }: Served, earlier: Sight | null): Verdict {
  const held = endpoint.hashBefore?.toLowerCase() ?? null;
  if (earlier?.kind === 'served') {
    if (earlier.thumbprint === thumbprint) return asExpected(endpoint);
    const message = `${earlier.thumbprint} was served before the change, and ${thumbprint} is served now`;
    return endpoint.advisory ? shadowed(endpoint, message) : { outcome: 'failed', code: 'VERIFY_WRONG_LEAF', message };
  }
  // A record that was created is removed again: what is served there now was never ours.
  if (held === null || held === thumbprint) return asExpected(endpoint);
  const message = `the restored record holds ${held}, but ${thumbprint} is served`;
  if (endpoint.advisory) return shadowed(endpoint, message);
  if (earlier === null) return { outcome: 'failed', code: 'VERIFY_WRONG_LEAF', message };
  return {
    outcome: 'failed-before',
    code: 'VERIFY_WRONG_LEAF',
    message: `no handshake succeeded before the change; ${message}`,
  };
}

function asExpected({ record }: PlannedEndpoint): Verdict {
  return { outcome: 'verified', code: null, message: `as expected (${record})` };
}

function failedBefore({ code, message }: Failed): Verdict {
  return { outcome: 'failed-before', code, message: `could not be verified before either: ${message}` };
}

function shadowed({ rival }: PlannedEndpoint, message: string): Verdict {
  const record = rival === null ? '' : `the record ${rival.record} is for this address: `;
  return { outcome: 'shadowed', code: 'ip-record-beside-sni', message: record + message };
}

const REASONS: Readonly<Record<NotProbed, string>> = {
  'site-stopped': 'not probed: every site there is stopped',
  'no-site': 'not probed: no site uses this record',
  'address-absent': 'not probed: this machine does not have that address',
  'no-address': 'not probed: nothing listens there',
};

function notProbed({ sites }: PlannedEndpoint, code: NotProbed): Verdict {
  const message = REASONS[code] + (sites.length === 0 ? '' : ` (${sites.join(', ')})`);
  return { outcome: 'not-checked', code, message };
}

function checkOf(
  { endpoint: { host }, place, seen }: Handshake,
  { outcome, code, message }: Verdict,
  findings: readonly EndpointFinding[] = [],
): EndpointCheck {
  return {
    endpoint: place,
    host,
    outcome,
    code,
    message,
    servedThumbprint: seen.kind === 'served' ? seen.thumbprint : null,
    findings: seen.kind === 'served' ? [...findings, ...notesOf(seen)] : [],
  };
}

function notesOf({ slow, classicGroups }: Served): readonly EndpointFinding[] {
  const notes: EndpointFinding[] = [];
  if (slow) {
    const message = 'the first handshake after the change timed out, and a later one did not';
    notes.push({ kind: 'note', code: 'slow-handshake', message });
  }
  if (classicGroups) {
    const message =
      'the handshake succeeds only without post-quantum key exchange: the server, or what stands before it, ends long ClientHellos';
    notes.push({ kind: 'note', code: 'classic-groups', message });
  }
  return notes;
}
