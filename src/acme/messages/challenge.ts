import { EverbindError } from '../../errors/error.ts';
import { decodeBase64url } from '../jose/base64url.ts';
import { invalidResponse, member, members, oneOf, string, url } from './decoding.ts';
import { issuerDomainsOf } from './dns-persist.ts';
import { decodeProblem, type Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

const statuses = ['pending', 'processing', 'valid', 'invalid'] as const;

/** RFC 8555 section 7.1.5 and 8. */
export interface Challenge {
  /** `http-01`, `dns-01`, `tls-alpn-01`, `dns-persist-01` or an unknown type. */
  readonly type: string;
  /** Null for a word that RFC 8555 does not have. */
  readonly status: (typeof statuses)[number] | null;
  /** Why it is invalid, or why the CA has not accepted it yet (RFC 8555 section 8.2). */
  readonly error: Problem | null;
  /** dns-persist-01: the CA's names in records; null for other types, and where they cannot be used. */
  readonly issuerDomains: readonly string[] | null;
  /** What answering it needs, or why that is not possible: see `answerable`. */
  readonly answer: Answer | EverbindError;
}

/** What answering a challenge needs. */
export interface Answer {
  readonly url: string;
  /** Checked base64url of at least 128 bits for the types of RFC 8555 and RFC 8737; null for types that have none. */
  readonly token: string | null;
}

// The token ends up in a file name, a URL path and a TXT record: nothing but base64url may ever get there (RFC 8555
// section 8.3).
const withToken: ReadonlySet<string> = new Set(['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01']);
const MIN_TOKEN_BYTES = 16;
const MAX_TOKEN_CHARACTERS = 512;

/**
 * Reads a challenge that may be one among many: what only an answer needs is judged when it is chosen. Throws
 * ACME_RESPONSE_INVALID for what has no type.
 */
export function decodeChallenge(value: unknown, where: string, policy: UrlPolicy): Challenge {
  const object = members(value, where);
  const type = string(member(object, 'type'), `${where}.type`, 64);
  const status = member(object, 'status');
  return {
    type,
    status: statuses.find((word) => word === status) ?? null,
    error: decodeProblem(member(object, 'error')),
    // The second spelling is that of draft-ietf-acme-dns-persist-02.
    issuerDomains:
      type === 'dns-persist-01'
        ? issuerDomainsOf(member(object, 'issuer-domain-names') ?? member(object, 'issuerDomainNames'))
        : null,
    answer: orFlaw(() => {
      oneOf(status, `${where}.status`, statuses);
      return {
        url: url(member(object, 'url'), `${where}.url`, policy),
        token: withToken.has(type) ? decodeToken(member(object, 'token'), `${where}.token`) : null,
      };
    }),
  };
}

/** Of the challenge that was chosen. Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL, ACME_FOREIGN_URL. */
export function answerable({ answer }: Challenge): Answer {
  if (answer instanceof EverbindError) throw answer;
  return answer;
}

function orFlaw(read: () => Answer): Answer | EverbindError {
  try {
    return read();
  } catch (error) {
    if (error instanceof EverbindError) return error;
    throw error;
  }
}

function decodeToken(value: unknown, where: string): string {
  const token = string(value, where, MAX_TOKEN_CHARACTERS);
  const octets = decodeBase64url(token);
  if (octets === null || octets.length < MIN_TOKEN_BYTES)
    throw invalidResponse(where, 'base64url of at least 128 bits');
  return token;
}
