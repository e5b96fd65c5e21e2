import { EverbindError } from '../../errors/error.ts';
import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { invalidResponse, list, member, members, oneOf, optional, string, timestamp, url } from './decoding.ts';
import { decodeIdentifier, sameIdentifiers } from './identifier.ts';
import { decodeProblem, type Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

export type OrderStatus = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

/** RFC 8555 section 7.1.3. Times are milliseconds since 1970. */
export interface Order {
  readonly status: OrderStatus;
  readonly expires: number | null;
  readonly identifiers: readonly Identifier[];
  readonly notBefore: number | null;
  readonly notAfter: number | null;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  /** Set when the status is valid. */
  readonly certificate: string | null;
  readonly error: Problem | null;
  /** draft-ietf-acme-profiles section 4. */
  readonly profile: string | null;
  /** RFC 9773 section 5: the CA accepted this as the renewal of that certificate. */
  readonly replaces: string | null;
}

/** An order with its URL, by which an interrupted run resumes it. */
export interface OrderResource {
  readonly url: string;
  readonly order: Order;
  readonly retryAfterMs: number | null;
}

const MAX_NAMES = 1000;

/** Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function decodeOrder(value: unknown, policy: UrlPolicy): Order {
  const object = members(value, 'order');
  const status = oneOf(member(object, 'status'), 'order.status', [
    'pending',
    'ready',
    'processing',
    'valid',
    'invalid',
  ]);
  const time = (name: string): number | null =>
    optional(member(object, name), (found) => timestamp(found, `order.${name}`));
  const identifiers = list(member(object, 'identifiers'), 'order.identifiers', MAX_NAMES, decodeIdentifier);
  if (identifiers.length === 0) throw invalidResponse('order.identifiers', 'at least one identifier');
  const certificate = optional(member(object, 'certificate'), (found) => url(found, 'order.certificate', policy));
  if (status === 'valid' && certificate === null) throw invalidResponse('order.certificate', 'a URL in a valid order');
  return {
    status,
    expires: time('expires'),
    identifiers,
    notBefore: time('notBefore'),
    notAfter: time('notAfter'),
    authorizations: list(member(object, 'authorizations'), 'order.authorizations', MAX_NAMES, (item, where) =>
      url(item, where, policy),
    ),
    finalize: url(member(object, 'finalize'), 'order.finalize', policy),
    certificate,
    error: decodeProblem(member(object, 'error')),
    profile: optional(member(object, 'profile'), (found) => string(found, 'order.profile', 128)),
    replaces: optional(member(object, 'replaces'), (found) => string(found, 'order.replaces', 256)),
  };
}

/** What an order must say whenever the CA returns it. */
export interface OrderExpectation {
  readonly identifiers: readonly Identifier[];
  readonly profile?: string | undefined;
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}

/**
 * Throws ACME_ORDER_MISMATCH unless the order is for exactly these names and contradicts nothing else in the request.
 */
export function checkOrder(order: Order, expected: OrderExpectation): void {
  if (!sameIdentifiers(order.identifiers, expected.identifiers)) {
    throw new EverbindError('ACME_ORDER_MISMATCH', 'The CA returned an order for other names', {
      asked: expected.identifiers.map(identifierKey),
      ordered: order.identifiers.map(identifierKey),
    });
  }
  // A CA may leave these out; one that cannot fulfil them must say so with an error (RFC 8555 section 7.4).
  if (expected.profile !== undefined && order.profile !== null && order.profile !== expected.profile) {
    throw mismatch('profile');
  }
  for (const name of ['notBefore', 'notAfter'] as const) {
    const [asked, given] = [expected[name], order[name]];
    if (asked !== undefined && given !== null && Math.floor(asked / 1000) !== Math.floor(given / 1000)) {
      throw mismatch(name);
    }
  }
}

function mismatch(member: string): EverbindError {
  return new EverbindError(
    'ACME_ORDER_MISMATCH',
    `The CA returned an order whose ${member} is not that of the request`,
    {
      member,
    },
  );
}
