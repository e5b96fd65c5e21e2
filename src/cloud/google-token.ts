import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { cached } from '../dns/provider-kit/cached.ts';
import type { ProviderParts } from '../dns/provider-kit/definition.ts';
import { wrongSetting } from '../dns/provider-kit/provider-failure.ts';
import { type ApiAnswer, createApi, formBody } from '../dns/provider-kit/http.ts';
import { googleAssertion, type ServiceAccount } from './google-signature.ts';

const scope = 'https://www.googleapis.com/auth/ndev.clouddns.readwrite';
const token = z.object({ access_token: z.string().min(1), expires_in: z.int().positive() });
const keyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string(),
  private_key_id: z.string(),
  private_key: z.string(),
  client_email: z.string(),
  token_uri: z.url(),
});

/** A service account from the JSON text of its key. Throws DNS_PROVIDER_SETTING. */
export function serviceAccount(text: string): ServiceAccount & { readonly project: string } {
  const expected = 'the JSON key of a service account';
  let file;
  let key: KeyObject;
  try {
    file = keyFile.parse(JSON.parse(text));
    key = createPrivateKey(file.private_key);
  } catch {
    // What was thrown may quote the key.
    throw wrongSetting('serviceAccountKey', expected);
  }
  if (key.asymmetricKeyType !== 'rsa') throw wrongSetting('serviceAccountKey', expected);
  return {
    project: file.project_id,
    email: file.client_email,
    keyId: file.private_key_id,
    key,
    tokenUri: file.token_uri,
  };
}

/** Access tokens of a service account, or, without one, of the account that the virtual machine has. */
export function googleToken(
  account: ServiceAccount | null,
  { transport, metadata, clock }: ProviderParts,
): (signal?: AbortSignal) => Promise<string> {
  const usable = (answer: ApiAnswer) => {
    const { access_token: value, expires_in: seconds } = answer.read(token);
    return { value, expiresAt: clock.now() + seconds * 1000 };
  };
  if (account === null) {
    const base = 'http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default';
    const call = createApi({ host: 'Google instance metadata', base, transport: metadata, clock });
    const headers = { 'metadata-flavor': 'Google' };
    return cached(clock, async (signal) => usable(await call({ method: 'GET', path: '/token', headers }, signal)));
  }
  const call = createApi({
    host: 'Google sign-in',
    base: account.tokenUri,
    transport,
    clock,
    explain: (answer) => (answer.status === 400 ? 'credentials' : null),
  });
  return cached(clock, async (signal) => {
    const form = formBody({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: googleAssertion(account, scope, clock.now()),
    });
    return usable(await call({ method: 'POST', path: '', ...form }, signal));
  });
}
