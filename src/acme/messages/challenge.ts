import { decodeBase64url } from '../jose/base64url.ts';
import { invalidResponse, member, members, oneOf, optional, string, timestamp, url } from './decoding.ts';
import { issuerDomainsOf } from './dns-persist.ts';
import { decodeProblem, type Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

/** RFC 8555 section 7.1.5 and 8. */
export interface Challenge {
  /** `http-01`, `dns-01`, `tls-alpn-01`, `dns-persist-01` or an unknown type. */
  readonly type: string;
  readonly url: string;
  readonly status: 'pending' | 'processing' | 'valid' | 'invalid';
  readonly validated: number | null;
  readonly error: Problem | null;
  /** Checked base64url of at least 128 bits for the types of RFC 8555 and RFC 8737; null for types that have none. */
  readonly token: string | null;
  /** dns-persist-01: the CA's names in records; null for other types, and where they cannot be used. */
  readonly issuerDomains: readonly string[] | null;
}

// The token ends up in a file name, a URL path and a TXT record: nothing but base64url may ever get there (RFC 8555
// section 8.3).
const withToken: ReadonlySet<string> = new Set(['http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01']);
const MIN_TOKEN_BYTES = 16;
const MAX_TOKEN_CHARACTERS = 512;

/** Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function decodeChallenge(value: unknown, where: string, policy: UrlPolicy): Challenge {
  const object = members(value, where);
  const type = string(member(object, 'type'), `${where}.type`, 64);
  return {
    type,
    url: url(member(object, 'url'), `${where}.url`, policy),
    status: oneOf(member(object, 'status'), `${where}.status`, ['pending', 'processing', 'valid', 'invalid']),
    validated: optional(member(object, 'validated'), (found) => timestamp(found, `${where}.validated`)),
    error: decodeProblem(member(object, 'error')),
    // The second spelling is that of draft-ietf-acme-dns-persist-02.
    issuerDomains:
      type === 'dns-persist-01'
        ? issuerDomainsOf(member(object, 'issuer-domain-names') ?? member(object, 'issuerDomainNames'))
        : null,
    token: withToken.has(type) ? decodeToken(member(object, 'token'), `${where}.token`) : null,
  };
}

function decodeToken(value: unknown, where: string): string {
  const token = string(value, where, MAX_TOKEN_CHARACTERS);
  const octets = decodeBase64url(token);
  if (octets === null || octets.length < MIN_TOKEN_BYTES)
    throw invalidResponse(where, 'base64url of at least 128 bits');
  return token;
}
