import * as z from 'zod';
import { cached } from '../dns/provider-kit/cached.ts';
import type { ProviderParts } from '../dns/provider-kit/definition.ts';
import { type ApiAnswer, createApi, formBody, segment } from '../dns/provider-kit/http.ts';
import { optional, required } from '../dns/provider-kit/settings.ts';

/** The metadata service sends the number as text. */
const token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().int().positive() });

interface TokenSource {
  readonly loginEndpoint: string;
  /** What the token is for, without a slash at the end. */
  readonly resource: string;
}

/**
 * Access tokens of Microsoft Entra ID: by client secret (OAuth 2.0 client credentials, RFC 6749 section 4.4) where one is given, else those of
 * the machine's managed identity.
 */
export function azureToken(
  settings: Readonly<Record<string, string>>,
  { transport, metadata, clock }: ProviderParts,
  { loginEndpoint, resource }: TokenSource,
): (signal?: AbortSignal) => Promise<string> {
  const usable = (answer: ApiAnswer) => {
    const { access_token: value, expires_in: seconds } = answer.read(token);
    return { value, expiresAt: clock.now() + seconds * 1000 };
  };
  const clientId = optional(settings, 'clientId');
  // Both answer 400 for what is wrong with the identity.
  const explain = (answer: ApiAnswer) => (answer.status === 400 ? 'credentials' : null);

  if (optional(settings, 'clientSecret') === null) {
    const call = createApi({
      host: 'Azure instance metadata',
      base: 'http://169.254.169.254',
      transport: metadata,
      clock,
      explain,
    });
    const query = {
      'api-version': '2018-02-01',
      resource: `${resource}/`,
      ...(clientId === null ? {} : { client_id: clientId }),
    };
    const path = '/metadata/identity/oauth2/token';
    return cached(clock, async (signal) =>
      usable(await call({ method: 'GET', path, query, headers: { metadata: 'true' } }, signal)),
    );
  }

  const call = createApi({ host: 'Microsoft Entra ID', base: loginEndpoint, transport, clock, explain });
  const path = `/${segment(required(settings, 'tenantId'))}/oauth2/v2.0/token`;
  const form = formBody({
    grant_type: 'client_credentials',
    client_id: required(settings, 'clientId'),
    client_secret: required(settings, 'clientSecret'),
    scope: `${resource}/.default`,
  });
  return cached(clock, async (signal) => usable(await call({ method: 'POST', path, ...form }, signal)));
}
