import { type KeyObject, sign } from 'node:crypto';

export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly key: KeyObject;
  /** Who gives tokens for it. */
  readonly tokenUri: string;
}

/**
 * The assertion that a service account trades for an access token: a JWT (RFC 7519) signed with RS256, good for an hour. `now`: milliseconds
 * since 1970. https://developers.google.com/identity/protocols/oauth2/service-account
 */
export function googleAssertion({ email, keyId, key, tokenUri }: ServiceAccount, scope: string, now: number): string {
  const issued = Math.floor(now / 1000);
  const header = encode({ alg: 'RS256', typ: 'JWT', kid: keyId });
  const claims = encode({ iss: email, scope, aud: tokenUri, iat: issued, exp: issued + 3600 });
  const signature = sign('RSA-SHA256', Buffer.from(`${header}.${claims}`), key);
  return `${header}.${claims}.${signature.toString('base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
