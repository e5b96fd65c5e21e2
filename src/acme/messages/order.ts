import { EverbindError } from '../../errors/error.ts';
import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { ifReadable, invalidResponse, list, member, members, oneOf, string, timestamp, url } from './decoding.ts';
import { decodeIdentifier, sameIdentifiers } from './identifier.ts';
import { decodeProblem, type Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

export type OrderStatus = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

/** RFC 8555 section 7.1.3. Times are milliseconds since 1970. */
export interface Order {
  readonly status: OrderStatus;
  readonly expires: number | null;
  readonly identifiers: readonly Identifier[];
  /** NaN when it cannot be read. */
  readonly notBefore: number | null;
  readonly notAfter: number | null;
  /** One for each name at most; none where an order that is not pending has no usable list. */
  readonly authorizations: readonly string[];
  /** Empty where an order that is neither pending nor ready has no usable one. */
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

/**
 * What the state of the order needs must be there and right; the rest is left out where it cannot be read. Throws
 * ACME_RESPONSE_INVALID, ACME_INSECURE_URL, ACME_FOREIGN_URL.
 */
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
    ifReadable(member(object, name), (found) => timestamp(found, `order.${name}`));
  const identifiers = list(member(object, 'identifiers'), 'order.identifiers', MAX_NAMES, decodeIdentifier);
  if (identifiers.length === 0) throw invalidResponse('order.identifiers', 'at least one identifier');
  const address = (name: string): ((found: unknown) => string) => {
    return (found) => url(found, `order.${name}`, policy);
  };
  // One for each name is all that a CA can have proven. More would be requests that somebody else may have to bear.
  const authorizations = (found: unknown): readonly string[] =>
    list(found, 'order.authorizations', identifiers.length, (item, where) => url(item, where, policy));
  const [listed, finalize, certificate] = ['authorizations', 'finalize', 'certificate'].map((name) =>
    member(object, name),
  );
  const open = status === 'pending' || status === 'ready';
  return {
    status,
    expires: time('expires'),
    identifiers,
    notBefore: asked(member(object, 'notBefore'), time('notBefore')),
    notAfter: asked(member(object, 'notAfter'), time('notAfter')),
    authorizations: status === 'pending' ? authorizations(listed) : (ifReadable(listed, authorizations) ?? []),
    finalize: open ? address('finalize')(finalize) : (ifReadable(finalize, address('finalize')) ?? ''),
    certificate:
      status === 'valid' ? address('certificate')(certificate) : ifReadable(certificate, address('certificate')),
    error: decodeProblem(member(object, 'error')),
    profile: profileOf(member(object, 'profile')),
    replaces: ifReadable(member(object, 'replaces'), (found) => string(found, 'order.replaces', 256)),
  };
}

/** A time that cannot be read contradicts whichever was asked for, and nothing else: NaN. */
function asked(value: unknown, time: number | null): number | null {
  return value === undefined ? null : (time ?? Number.NaN);
}

/** The same for a profile: the empty name is nobody's. */
function profileOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' && value.length <= 128 ? value : '';
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
