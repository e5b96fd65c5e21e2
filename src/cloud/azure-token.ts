import * as z from 'zod';
import { type ApiResponse, type CloudParts, createApi, formBody, segment } from './api.ts';
import { cached } from './cached.ts';

/** The metadata service sends the number as text. */
const token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().int().positive() });

export interface AzureApplication {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface AzureManagedIdentity {
  /** Which user-assigned identity of the machine; null where it has one only. */
  readonly clientId: string | null;
}

interface TokenSource {
  readonly loginEndpoint: string;
  /** What the token is for, without a slash at the end. */
  readonly resource: string;
}

/**
 * Access tokens of Microsoft Entra ID: those of an application by its client secret (OAuth 2.0 client credentials, RFC
 * 6749 section 4.4), or those of the machine's managed identity.
 */
export function azureToken(
  identity: AzureApplication | AzureManagedIdentity,
  { transport, metadata, clock, codes }: CloudParts,
  { loginEndpoint, resource }: TokenSource,
): (signal?: AbortSignal) => Promise<string> {
  const usable = (response: ApiResponse) => {
    const { access_token: value, expires_in: seconds } = response.read(token);
    return { value, expiresAt: clock.now() + seconds * 1000 };
  };
  // Both send 400 for anything that is wrong with the identity.
  const explain = (response: ApiResponse) => (response.status === 400 ? 'credentials' : null);

  if (!('clientSecret' in identity)) {
    const call = createApi({
      host: 'Azure instance metadata',
      base: 'http://169.254.169.254',
      transport: metadata,
      clock,
      codes,
      explain,
    });
    const query = {
      'api-version': '2018-02-01',
      resource: `${resource}/`,
      ...(identity.clientId === null ? {} : { client_id: identity.clientId }),
    };
    const path = '/metadata/identity/oauth2/token';
    return cached(clock, async () => usable(await call({ method: 'GET', path, query, headers: { metadata: 'true' } })));
  }

  const call = createApi({ host: 'Microsoft Entra ID', base: loginEndpoint, transport, clock, codes, explain });
  const path = `/${segment(identity.tenantId)}/oauth2/v2.0/token`;
  const form = formBody({
    grant_type: 'client_credentials',
    client_id: identity.clientId,
    client_secret: identity.clientSecret,
    scope: `${resource}/.default`,
  });
  return cached(clock, async () => usable(await call({ method: 'POST', path, ...form })));
}
