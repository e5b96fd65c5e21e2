import { EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { HttpResponse } from '../../ports/transport.ts';
import { invalidResponse, printable } from '../messages/decoding.ts';
import { parseJson } from '../messages/json.ts';
import { acmeErrorType, AcmeProblemError, decodeProblem, type Problem, unpauseUrl } from '../messages/problem.ts';
import type { Resource } from '../messages/resource.ts';
import { retryAfterMs } from '../messages/retry-after.ts';
import { checkUrl, type UrlPolicy } from '../messages/url-policy.ts';

/** A checked response: status 2xx and the right media type. */
export interface AcmeResponse {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly body: Uint8Array;
  /** Of the request. */
  readonly url: string;
  readonly retryAfterMs: number | null;
}

/**
 * Throws ACME_NOT_OFFERED for a part of the protocol that the CA lists and does not have, AcmeProblemError for a
 * problem document, ACME_UNEXPECTED_RESPONSE for anything else that failed, redirects included.
 */
export function checkResponse(response: HttpResponse, url: string, resource: Resource, now: number): AcmeResponse {
  const retryAfter = retryAfterMs(response.headers, now);
  if (resource.optional !== undefined && isMissing(response)) throw notOffered(resource.optional, response.status, url);
  if (response.status >= 400) throw failure(response, url, retryAfter);
  if (response.status < 200 || response.status >= 300) throw unexpected(response, url, retryAfter, 'status');
  if (resource.mediaType !== null && mediaType(response) !== resource.mediaType) {
    throw unexpected(response, url, retryAfter, 'content type');
  }
  return { status: response.status, headers: response.headers, body: response.body, url, retryAfterMs: retryAfter };
}

/** The URL of what a request created. Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function location(response: AcmeResponse, resource: string, policy: UrlPolicy): string {
  const where = `Location of the ${resource}`;
  const [value, ...others] = response.headers['location'] ?? [];
  if (value === undefined || others.length > 0) throw invalidResponse(where, 'one URL');
  // An absolute URL is kept as the CA wrote it, since it compares the text of signed URLs. HTTP also allows relative
  // ones.
  if (URL.canParse(value)) return checkUrl(value, where, policy);
  const resolved = URL.parse(value, response.url);
  if (resolved === null) throw invalidResponse(where, 'one URL');
  return checkUrl(resolved.href, where, policy);
}

const acmeCodes: Partial<Record<ErrorCode, ErrorCode>> = {
  NET_CONNECTION_FAILED: 'ACME_TRANSPORT',
  NET_SERVER_UNTRUSTED: 'ACME_SERVER_UNTRUSTED',
  NET_TIMEOUT: 'ACME_TIMEOUT',
  NET_RESPONSE_TOO_LARGE: 'ACME_RESPONSE_TOO_LARGE',
  NET_INSECURE_URL: 'ACME_INSECURE_URL',
};

/**
 * What the transport threw, with the code that it has when the server is a CA, the same details, and the original as
 * its cause. Anything else, such as NET_PROXY_INVALID (not the CA's doing) and the signal's reason, is returned as it
 * is.
 */
export function transportFailure(error: unknown): unknown {
  const code = error instanceof EverbindError ? acmeCodes[error.code] : undefined;
  if (code === undefined || !(error instanceof EverbindError)) return error;
  return new EverbindError(code, error.message, error.details, { cause: error, facts: error.facts });
}

/** Whether another attempt may well succeed: the connection, the server or its load failed, not the request. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof EverbindError)) return false;
  if (error.code === 'ACME_TRANSPORT' || error.code === 'ACME_TIMEOUT') return true;
  if (error.code !== 'ACME_PROBLEM' && error.code !== 'ACME_UNEXPECTED_RESPONSE') return false;
  return isTransientStatus(error.facts.httpStatus ?? 0);
}

function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 429;
}

function failure(response: HttpResponse, url: string, retryAfter: number | null): EverbindError {
  const problem = readProblem(response);
  if (problem === null) return unexpected(response, url, retryAfter, 'status');
  const { status: httpStatus } = response;
  const carrier = { httpStatus, retryAfterMs: retryAfter };
  const link = unpauseUrl(problem);
  if (link === null) return new AcmeProblemError('ACME_PROBLEM', problem, carrier, { url });
  // The address is for the operator alone: messages go into logs.
  const detail = problem.detail.replaceAll(link, '(address kept)');
  return new AcmeProblemError('ACME_PAUSED', { ...problem, detail, instance: null }, carrier, { url, link }, { link });
}

/**
 * Whether there is nothing at the address, whatever the document says: CAs answer 501 with the type of a rate limit
 * (step-ca). 404 with a type of ACME's is about what was asked for.
 */
function isMissing(response: HttpResponse): boolean {
  const { status } = response;
  return status === 501 || status === 405 || (status === 404 && acmeProblemType(response) === null);
}

function notOffered(feature: string, httpStatus: number, url: string): EverbindError {
  return new EverbindError(
    'ACME_NOT_OFFERED',
    `The CA lists ${feature} in its directory, and does not have it: status ${httpStatus}`,
    { feature, url, status: httpStatus },
    { facts: { httpStatus } },
  );
}

/** The ACME name of the problem in a response, such as `rateLimited`; null when it has none of ACME's. */
export function acmeProblemType(response: HttpResponse): string | null {
  const problem = readProblem(response);
  return problem === null ? null : acmeErrorType(problem);
}

function readProblem(response: HttpResponse): Problem | null {
  const type = mediaType(response);
  if (type !== 'application/problem+json' && type !== 'application/json') return null;
  try {
    const problem = decodeProblem(parseJson(response.body, 'problem'));
    // Some CAs label their problems as plain JSON. Any other plain JSON is the error page of a gateway.
    return type === 'application/json' && problem !== null && acmeErrorType(problem) === null ? null : problem;
  } catch {
    return null;
  }
}

function mediaType(response: HttpResponse): string | null {
  const [value, ...others] = response.headers['content-type'] ?? [];
  if (value === undefined || others.length > 0) return null;
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

function unexpected(
  response: HttpResponse,
  url: string,
  retryAfter: number | null,
  what: 'status' | 'content type',
): EverbindError {
  const type = printable(mediaType(response) ?? 'none', 100);
  const [location] = response.headers['location'] ?? [];
  return new EverbindError(
    'ACME_UNEXPECTED_RESPONSE',
    `The CA responded with ${what === 'status' ? `status ${response.status}` : `content type ${type}`} where ACME has no such response`,
    {
      url,
      status: response.status,
      contentType: type,
      ...(location === undefined ? {} : { location: printable(location, 500) }),
      ...(retryAfter === null ? {} : { retryAfterMs: retryAfter }),
    },
    {
      facts: {
        httpStatus: response.status,
        retryAfterMs: retryAfter,
        ...(isTransientStatus(response.status) ? { meaning: { resume: 'continue' } } : {}),
      },
    },
  );
}
