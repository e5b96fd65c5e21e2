import { EverbindError } from '../../errors/error.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import { type AcmeResponse, location } from './response.ts';
import { encodeBase64url } from '../jose/base64url.ts';
import { checkProfile } from '../messages/directory.ts';
import { parseJson } from '../messages/json.ts';
import { checkOrder, decodeOrder, type Order, type OrderResource } from '../messages/order.ts';
import { onceKnown, pollUntil, type WaitOptions } from './polling.ts';
import { acmeErrorType, AcmeProblemError, blankProblem, type Problem } from '../messages/problem.ts';
import { RESOURCES } from '../messages/resource.ts';
import type { Session } from './session.ts';
import { formatTimestamp } from '../messages/timestamp.ts';

export interface NewOrder {
  readonly identifiers: readonly Identifier[];
  /** One of the directory's profiles; ACME_NOT_OFFERED when it is not listed there. */
  readonly profile?: string | undefined;
  /**
   * ARI id of the certificate that this one renews (RFC 9773 section 5); not sent where the CA offers no renewalInfo.
   */
  readonly replaces?: string | undefined;
  /** Milliseconds since 1970, sent with whole seconds. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}

export interface NewOrderResult extends OrderResource {
  /** Why the CA refused `replaces`, so that the order was made without it; null when it was accepted or not sent. */
  readonly replacesRefused: Problem | null;
}

export interface OrderWaitOptions extends WaitOptions {
  /** `ready`: all authorizations are valid (a later status will do as well); `valid`: the certificate is issued. */
  readonly until?: 'ready' | 'valid' | undefined;
  /** Names that the order must be for. */
  readonly identifiers?: readonly Identifier[] | undefined;
  /** Called whenever the order is pending still; what it throws ends the wait. */
  pending?(): Promise<void>;
}

export interface OrderOptions {
  /** Names that the order must be for. */
  readonly identifiers?: readonly Identifier[] | undefined;
  /** Whether the CA has made it a moment ago, and may know it a moment later only. */
  readonly fresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OrderRequests {
  /** Throws ACME_ORDER_MISMATCH when the CA returns an order for anything else, ACME_NOT_OFFERED. */
  newOrder(request: NewOrder, signal?: AbortSignal): Promise<NewOrderResult>;
  getOrder(url: string, options?: OrderOptions): Promise<OrderResource>;
  /** Requests the certificate (RFC 8555 section 7.4). `csr` is DER; `url` is the order's `finalize`. */
  finalize(url: string, csr: Uint8Array, signal?: AbortSignal): Promise<Omit<OrderResource, 'url'>>;
  /** Throws ACME_ORDER_INVALID, ACME_WAIT_TIMEOUT. */
  waitForOrder(url: string, options?: OrderWaitOptions): Promise<OrderResource>;
}

export function orderRequests(session: Session): OrderRequests {
  const { policy } = session;
  const decode = (response: AcmeResponse): Order => decodeOrder(parseJson(response.body, 'order'), policy);

  async function create(url: string, request: NewOrder, signal?: AbortSignal): Promise<OrderResource> {
    const { identifiers, profile, replaces, notBefore, notAfter } = request;
    const payload = {
      identifiers: identifiers.map(({ type, value }) => ({ type, value })),
      ...(profile === undefined ? {} : { profile }),
      ...(replaces === undefined ? {} : { replaces }),
      ...(notBefore === undefined ? {} : { notBefore: wholeSeconds(notBefore) }),
      ...(notAfter === undefined ? {} : { notAfter: wholeSeconds(notAfter) }),
    };
    const response = await session.post({ url, payload, resource: RESOURCES.order }, signal);
    const order = decode(response);
    checkOrder(order, request);
    return { url: location(response, 'order', policy), order, retryAfterMs: response.retryAfterMs };
  }

  async function getOrder(
    url: string,
    { identifiers, fresh = false, signal }: OrderOptions = {},
    polling = false,
  ): Promise<OrderResource> {
    const ask = (): Promise<AcmeResponse> =>
      session.post({ url, payload: '', resource: RESOURCES.order, polling }, signal);
    const response = await (fresh ? onceKnown(session, 'order', ask, signal) : ask());
    const order = decode(response);
    if (identifiers !== undefined) checkOrder(order, { identifiers });
    return { url, order, retryAfterMs: response.retryAfterMs };
  }

  return {
    newOrder: async (request, signal) => {
      const directory = await session.directory(signal);
      const { newOrder, renewalInfo } = directory;
      checkProfile(directory, request.profile);
      const { replaces, ...plain } = request;
      if (replaces === undefined || renewalInfo === null) {
        return { ...(await create(newOrder, plain, signal)), replacesRefused: null };
      }
      try {
        return { ...(await create(newOrder, request, signal)), replacesRefused: null };
      } catch (error) {
        const refusal = refusalOfReplaces(error);
        if (refusal === null) throw error;
        return { ...(await create(newOrder, plain, signal)), replacesRefused: refusal };
      }
    },

    getOrder: (url, options) => getOrder(url, options),

    finalize: async (url, csr, signal) => {
      const payload = { csr: encodeBase64url(csr) };
      const ask = (): Promise<AcmeResponse> => session.post({ url, payload, resource: RESOURCES.finalize }, signal);
      const response = await onceKnown(session, 'order to finalize', ask, signal);
      return { order: decode(response), retryAfterMs: response.retryAfterMs };
    },

    waitForOrder: async (url, options = {}) => {
      const goals: readonly Order['status'][] =
        options.until === 'ready' ? ['ready', 'processing', 'valid'] : ['valid'];
      const { identifiers } = options;
      return pollUntil(
        session,
        {
          what: 'order',
          ask: async (signal) => {
            const resource = await getOrder(url, { identifiers, signal }, true);
            if (resource.order.status === 'invalid') throw orderFailed(resource);
            if (resource.order.status === 'pending') await options.pending?.();
            return resource;
          },
          done: ({ order }) => goals.includes(order.status),
          describe: ({ order }) => ({ url, status: order.status }),
        },
        options,
      );
    },
  };
}

function wholeSeconds(time: number): string {
  return formatTimestamp(Math.floor(time / 1000) * 1000);
}

function orderFailed({ url, order, retryAfterMs }: OrderResource): AcmeProblemError {
  const problem = order.error ?? blankProblem('the order became invalid without a reason');
  return new AcmeProblemError('ACME_ORDER_INVALID', problem, { httpStatus: 200, retryAfterMs }, { url });
}

// Errors that say what is wrong, so that it is not `replaces`.
const otherReasons: ReadonlySet<string | null> = new Set([
  'accountDoesNotExist',
  'badNonce',
  'badPublicKey',
  'badSignatureAlgorithm',
  'caa',
  'externalAccountRequired',
  'invalidProfile',
  'rateLimited',
  'rejectedIdentifier',
  'unsupportedIdentifier',
  'userActionRequired',
]);

/**
 * The problem when it may be about `replaces`, null when it cannot be. RFC 9773 names an error only for a certificate
 * that is replaced already. CAs refuse `replaces` with malformed, unauthorized, 404, serverInternal and pages of a
 * gateway. Without this the certificate would not be renewed at all, which is worse than an order without `replaces`.
 */
function refusalOfReplaces(error: unknown): Problem | null {
  if (!(error instanceof EverbindError) || isBusy(error.facts.httpStatus)) return null;
  if (error instanceof AcmeProblemError) {
    return otherReasons.has(acmeErrorType(error.problem)) ? null : error.problem;
  }
  const { httpStatus = 0 } = error.facts;
  const refused = error.code === 'ACME_UNEXPECTED_RESPONSE' && httpStatus >= 400;
  return refused ? blankProblem(error.message) : null;
}

function isBusy(status: number | undefined): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}
