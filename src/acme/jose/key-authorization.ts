import { createHash } from 'node:crypto';

/** The key authorization of a challenge: its token and the account key's thumbprint (RFC 8555 section 8.1). */
export function keyAuthorization(token: string, keyThumbprint: string): string {
  return `${token}.${keyThumbprint}`;
}

/**
 * The name of the TXT record of dns-account-01 (draft-ietf-acme-dns-account-label section 3.1): one for each account,
 * so that several clients and CAs can validate a name at the same time. The value is that of dns-01.
 */
export function dnsAccountName(domain: string, accountUrl: string): string {
  const digest = createHash('sha256').update(accountUrl).digest();
  return `_${base32(digest.subarray(0, 10))}._acme-challenge.${domain}`;
}

/** RFC 4648 section 6 in lower case, for whole groups of 5 octets. */
function base32(octets: Uint8Array): string {
  const bits = Array.from(octets, (octet) => octet.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? [])
    .map((group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group, 2)])
    .join('');
}

/** The TXT record of dns-01 (RFC 8555 section 8.4). */
export function dns01Value(authorization: string): string {
  return createHash('sha256').update(authorization).digest('base64url');
}
