import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChallengeTask } from '../../ports/solver.ts';
import type { Endpoint } from '../../ports/windows-host.ts';
import type { ResolveEndpoints } from './endpoints.ts';
import { askOnce } from './self-check-request.ts';
import { SELF_CHECK_REASONS, type SelfCheckReason, hasResponse } from './self-check-reasons.ts';
import { CHALLENGE_PATH, checkedToken, urlHost } from '../token.ts';

export interface SelfCheckOptions {
  readonly resolve: ResolveEndpoints;
  readonly clock: Clock;
  /** For each request, in milliseconds; 5 s by default. */
  readonly timeoutMs?: number;
}

/**
 * `redirected-unverified`: the challenge response is behind a redirect to https whose certificate cannot be trusted
 * from here (it may be the expired one that is being renewed). CAs ignore that, so it counts as seen, but no request
 * was sent over that connection.
 */
export type SelfCheckResult = 'seen' | 'redirected-unverified';

/**
 * Looks up the challenge response of an http-01 task as a CA would (RFC 8555 section 8.3): every endpoint that responds
 * must have it, and at least one must respond. Throws CHALLENGE_SELF_CHECK_FAILED with `details.reason`, one of
 * SELF_CHECK_REASONS, after as many attempts as `waits` has entries (milliseconds before each of them).
 */
export type SelfCheck = (
  task: Pick<ChallengeTask, 'identifier' | 'token' | 'keyAuthorization'>,
  options?: { readonly waits?: readonly number[]; readonly signal?: AbortSignal | undefined },
) => Promise<SelfCheckResult>;

/** Milliseconds before each attempt, for a challenge response that was just placed. */
export const PATIENT_WAITS: readonly number[] = [0, 50, 200, 1_000];
/** The same while another form of web.config is left to try. */
export const QUICK_WAITS: readonly number[] = [0, 50, 200];

const MAX_BODY = 1_024;
const MAX_REDIRECTS = 10;
const MAX_ENDPOINTS = 16;

interface Seen {
  readonly kind: SelfCheckResult;
}
interface Failed {
  readonly kind: 'failed';
  readonly reason: SelfCheckReason;
  readonly url: URL;
  readonly endpoint: Endpoint | null;
  readonly info: string;
}
type Outcome = Seen | Failed;

export function createSelfCheck({ resolve, clock, timeoutMs = 5_000 }: SelfCheckOptions): SelfCheck {
  const look = async (start: URL, expected: string, signal: AbortSignal | undefined): Promise<Outcome> => {
    const endpoints = (await resolve(plainHost(start), 80, plainHost(start))).slice(0, MAX_ENDPOINTS);
    if (endpoints.length === 0) return failed('no-endpoint', start, null, '');
    const outcomes = await Promise.all(endpoints.map((endpoint) => follow(start, endpoint, expected, signal)));
    const failures = outcomes.filter((outcome) => outcome.kind === 'failed');
    // Where only IPv4 is bound nothing listens on ::1, and CAs fall back too. A wrong response always counts.
    const telling = failures.find(({ reason }) => hasResponse(reason));
    const seen = outcomes.find((outcome) => outcome.kind !== 'failed');
    return telling ?? seen ?? failures[0] ?? failed('no-endpoint', start, null, '');
  };

  const follow = async (
    start: URL,
    first: Endpoint,
    expected: string,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> => {
    const visited = new Set<string>();
    let url = start;
    let endpoint: Endpoint = first;
    for (;;) {
      if (visited.size > MAX_REDIRECTS || visited.has(url.href)) return failed('redirect-loop', url, endpoint, '');
      visited.add(url.href);
      const response = await askOnce({ endpoint, url, maxBytes: MAX_BODY, timeoutMs }, signal);
      if (response.kind === 'unverified') return { kind: 'redirected-unverified' };
      if (response.kind === 'failure') return failed(response.reason, url, endpoint, response.code);
      const { status, location, body } = response;
      if (!redirects.has(status)) return judge(status, body, expected, url, endpoint);
      const next = targetOf(url, location);
      if (next === null) return failed('redirect-refused', url, endpoint, location?.slice(0, 200) ?? 'no Location');
      const [target] = await resolve(plainHost(next), next.protocol === 'http:' ? 80 : 443, plainHost(start));
      if (target === undefined) return failed('no-endpoint', next, null, '');
      url = next;
      endpoint = target;
    }
  };

  return async (task, { waits = PATIENT_WAITS, signal } = {}) => {
    const host = task.identifier.value;
    const url = new URL(`http://${urlHost(host)}${CHALLENGE_PATH}${checkedToken(task.token)}`);
    let last: Outcome = failed('no-endpoint', url, null, '');
    for (const wait of waits) {
      if (wait > 0) await clock.sleep(wait, signal);
      signal?.throwIfAborted();
      last = await look(url, task.keyAuthorization, signal);
      if (last.kind !== 'failed') return last.kind;
    }
    throw failure(host, last, waits.length);
  };
}

// RFC 9110 section 15.4. 300 and 304 name no target.
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function judge(status: number, body: string, expected: string, url: URL, endpoint: Endpoint): Outcome {
  if (status === 404) return failed('not-found', url, endpoint, '');
  if (status !== 200) return failed('http-status', url, endpoint, String(status));
  // Trailing white space is ignored by CAs (RFC 8555 section 8.3).
  return body.trimEnd() === expected ? { kind: 'seen' } : failed('wrong-body', url, endpoint, '');
}

/** The next URL if a CA would follow: http on port 80 or https on port 443. */
function targetOf(url: URL, location: string | null): URL | null {
  if (location === null || location.length > 2_048 || !URL.canParse(location, url)) return null;
  const next = new URL(location, url);
  next.hash = '';
  // The default port of a scheme is the empty string.
  const scheme = next.protocol === 'http:' || next.protocol === 'https:';
  return scheme && next.port === '' && next.username === '' && next.password === '' ? next : null;
}

function plainHost(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

function failed(reason: SelfCheckReason, url: URL, endpoint: Endpoint | null, info: string): Failed {
  return { kind: 'failed', reason, url, endpoint, info };
}

function failure(name: string, outcome: Failed, attempts: number): EverbindError {
  const { reason, url, endpoint, info } = outcome;
  const { says, action } = SELF_CHECK_REASONS[reason];
  const where = `${url.protocol}//${url.host}`;
  const at = endpoint === null ? '' : ` at ${urlHost(endpoint.address)}:${endpoint.port}`;
  const message = `${name}: asking ${where}${at} for the challenge response: ${says}${info === '' ? '' : ` (${info})`}; ${action}`;
  return new EverbindError('CHALLENGE_SELF_CHECK_FAILED', message, {
    name,
    reason,
    host: url.host,
    endpoint: endpoint === null ? null : `${urlHost(endpoint.address)}:${endpoint.port}`,
    info,
    attempts,
  });
}
