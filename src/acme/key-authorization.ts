import { createHash } from 'node:crypto';

/** What proves a challenge: its token and the account key's thumbprint (RFC 8555 section 8.1). */
export function keyAuthorization(token: string, keyThumbprint: string): string {
  return `${token}.${keyThumbprint}`;
}

/** The TXT record of dns-01 (RFC 8555 section 8.4). */
export function dns01Value(authorization: string): string {
  return createHash('sha256').update(authorization).digest('base64url');
}
