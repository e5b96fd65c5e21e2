import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import * as z from 'zod';
import { type ApiResponse, type CloudParts, createApi, formBody } from './api.ts';
import { cached } from './cached.ts';

export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly key: KeyObject;
  /** The server that issues tokens for it. */
  readonly tokenUri: string;
}

const token = z.object({ access_token: z.string().min(1), expires_in: z.int().positive() });
const keyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string(),
  private_key_id: z.string(),
  private_key: z.string(),
  client_email: z.string(),
  token_uri: z.url(),
});

/** A service account from the JSON text of its key; null for anything else. */
export function serviceAccount(text: string): (ServiceAccount & { readonly project: string }) | null {
  let file;
  let key: KeyObject;
  try {
    file = keyFile.parse(JSON.parse(text));
    key = createPrivateKey(file.private_key);
  } catch {
    // What was thrown may quote the key.
    return null;
  }
  if (key.asymmetricKeyType !== 'rsa') return null;
  return {
    project: file.project_id,
    email: file.client_email,
    keyId: file.private_key_id,
    key,
    tokenUri: file.token_uri,
  };
}

/**
 * Access tokens of a service account, or, without one, of the account that the virtual machine has. `scope`: what they
 * are for; the machine's tokens have the scopes that it was given.
 */
export function googleToken(
  account: ServiceAccount | null,
  scope: string,
  { transport, metadata, clock, codes }: CloudParts,
): (signal?: AbortSignal) => Promise<string> {
  const usable = (response: ApiResponse) => {
    const { access_token: value, expires_in: seconds } = response.read(token);
    return { value, expiresAt: clock.now() + seconds * 1000 };
  };
  if (account === null) {
    const base = 'http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default';
    const call = createApi({ host: 'Google instance metadata', base, transport: metadata, clock, codes });
    const headers = { 'metadata-flavor': 'Google' };
    return cached(clock, async () => usable(await call({ method: 'GET', path: '/token', headers })));
  }
  const call = createApi({
    host: 'Google sign-in',
    base: account.tokenUri,
    transport,
    clock,
    codes,
    explain: (response) => (response.status === 400 ? 'credentials' : null),
  });
  return cached(clock, async () => {
    const form = formBody({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: googleAssertion(account, scope, clock.now()),
    });
    return usable(await call({ method: 'POST', path: '', ...form }));
  });
}

/**
 * The assertion that a service account trades for an access token: a JWT (RFC 7519) signed with RS256, valid for an
 * hour. `now`: milliseconds since 1970. https://developers.google.com/identity/protocols/oauth2/service-account
 */
function googleAssertion({ email, keyId, key, tokenUri }: ServiceAccount, scope: string, now: number): string {
  const issued = Math.floor(now / 1000);
  const header = encode({ alg: 'RS256', typ: 'JWT', kid: keyId });
  const claims = encode({ iss: email, scope, aud: tokenUri, iat: issued, exp: issued + 3600 });
  const signature = sign('RSA-SHA256', Buffer.from(`${header}.${claims}`), key);
  return `${header}.${claims}.${signature.toString('base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
