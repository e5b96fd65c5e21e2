import { EverbindError } from '../errors/error.ts';
import type { HttpRequest } from '../ports/transport.ts';

/** NET_TIMEOUT. Only the host of the URL is named. */
export function timedOut(request: HttpRequest): EverbindError {
  return new EverbindError(
    'NET_TIMEOUT',
    `No complete response from ${place(request.url)} in ${request.timeoutMs} ms`,
    {
      server: place(request.url),
      timeoutMs: request.timeoutMs,
    },
  );
}

/** NET_RESPONSE_TOO_LARGE. */
export function responseTooLarge(request: HttpRequest): EverbindError {
  return new EverbindError('NET_RESPONSE_TOO_LARGE', `The response of ${place(request.url)} is too large`, {
    server: place(request.url),
    maxBytes: request.maxBytes,
  });
}

/**
 * NET_SERVER_UNTRUSTED when the server's certificate is the reason, NET_CONNECTION_FAILED otherwise. `details.reason`
 * is the code of Node or OpenSSL.
 */
export function connectionFailed(url: string, cause: unknown): EverbindError {
  const reason = systemCode(cause);
  const server = place(url);
  if (certificateReasons.has(reason)) {
    const byClock = clockReasons.has(reason) ? `, by the clock of this machine (${new Date().toISOString()})` : '';
    return new EverbindError(
      'NET_SERVER_UNTRUSTED',
      `The certificate of ${server} is not trusted: ${reason}${byClock}`,
      {
        server,
        reason,
      },
    );
  }
  return new EverbindError(
    'NET_CONNECTION_FAILED',
    `The connection to ${server} failed: ${reason}`,
    { server, reason },
    { cause },
  );
}

/** NET_INSECURE_URL. The address is not repeated: it may hold credentials. */
export function insecureUrl(problem: string): EverbindError {
  return new EverbindError('NET_INSECURE_URL', `The address of a request ${problem}`);
}

/** Whether the server's chain was the reason, not its name. */
export function isUntrusted(error: unknown): boolean {
  return (
    error instanceof EverbindError &&
    error.code === 'NET_SERVER_UNTRUSTED' &&
    error.facts.reason !== undefined &&
    !error.facts.reason.startsWith('ERR_TLS_CERT_ALTNAME')
  );
}

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes, and the host name check. */
const certificateReasons: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
]);

/** Those that a wrong clock brings about. Whoever sits there has not shown who it is: its own clock says nothing. */
const clockReasons: ReadonlySet<string> = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** Status 101 for a request that asked for no other protocol. */
export function protocolSwitched(): Error {
  return Object.assign(new Error('the server switched protocols'), { code: 'PROTOCOL_SWITCHED' });
}

function systemCode(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return systemCode(cause.errors[0]);
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'UNKNOWN';
}

/** Host and port only: the rest of a URL may be a secret. */
function place(url: string): string {
  return URL.parse(url)?.host ?? 'an invalid address';
}
