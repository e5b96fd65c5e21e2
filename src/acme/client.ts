import { accountRequests, type AccountRequests } from './session/account-requests.ts';
import { authorizationRequests, type AuthorizationRequests } from './session/authorization-requests.ts';
import { certificateRequests, type CertificateRequests } from './session/certificate-requests.ts';
import type { Directory } from './messages/directory.ts';
import { orderRequests, type OrderRequests } from './session/order-requests.ts';
import { createSession, type SessionOptions } from './session/session.ts';
import { validationRequests, type ValidationRequests } from './session/validation.ts';

/**
 * An ACME client (RFC 8555, RFC 8738, RFC 9773, draft-ietf-acme-profiles) for one CA and one account. Calls may run at
 * the same time. It knows messages, not when to send them, and keeps no state except nonces and the directory.
 *
 * Every call may throw: AcmeProblemError (ACME_PROBLEM) when the CA refuses; ACME_TRANSPORT, ACME_TIMEOUT,
 * ACME_SERVER_UNTRUSTED, ACME_RESPONSE_TOO_LARGE when the connection fails; ACME_UNEXPECTED_RESPONSE,
 * ACME_RESPONSE_INVALID, ACME_INSECURE_URL, ACME_NO_NONCE when the server does not speak ACME; what the signer throws;
 * the signal's reason.
 */
export interface AcmeClient
  extends AccountRequests,
    OrderRequests,
    AuthorizationRequests,
    ValidationRequests,
    CertificateRequests {
  /** Fetched once and kept for an hour. */
  directory(signal?: AbortSignal): Promise<Directory>;
  /** Begins to fetch the directory and a nonce ahead of the first request. A failure is reported by that request. */
  prepare(): void;
  /**
   * How far the CA's clock is ahead of ours, milliseconds, by the Date of its last response; null: there was none. TLS
   * vouches for it as for the rest of the response.
   */
  clockLead(): number | null;
}

export type AcmeClientOptions = SessionOptions;

/** Sends nothing yet. Throws ACME_INSECURE_URL. */
export function createAcmeClient(options: AcmeClientOptions): AcmeClient {
  const session = createSession(options);
  const orders = orderRequests(session);
  const authorizations = authorizationRequests(session);
  return {
    directory: (signal) => session.directory(signal),
    prepare: () => session.prepare(),
    clockLead: () => session.clockLead(),
    ...accountRequests(session),
    ...orders,
    ...authorizations,
    ...validationRequests(session, authorizations, orders),
    ...certificateRequests(session),
  };
}
