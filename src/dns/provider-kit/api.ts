import { type Api, type ApiOptions, createApi } from '../../cloud/api.ts';
import type { ProviderParts } from './definition.ts';
import { DNS_CODES } from './provider-failure.ts';
import { endpoint } from './settings.ts';

/** Calls of a DNS host's API; failures have DNS_ codes. */
export function hostApi(options: Omit<ApiOptions, 'codes'>): Api {
  return createApi({ ...options, codes: DNS_CODES });
}

export interface TokenApiOptions {
  /** The host's name in messages. */
  readonly host: string;
  /** Where the API is unless the setting `endpoint` says otherwise. */
  readonly base: string;
  /** The whole Authorization header. */
  readonly authorization: string;
}

/** The same, where the credentials are one header that stays the same. */
export function tokenApi(
  { host, base, authorization }: TokenApiOptions,
  settings: Readonly<Record<string, string>>,
  { transport, clock }: Pick<ProviderParts, 'transport' | 'clock'>,
): Api {
  return hostApi({
    host,
    base: endpoint(settings, base),
    transport,
    clock,
    authorize: () => ({ authorization }),
  });
}
