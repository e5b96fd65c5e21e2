import type { ProviderParts } from './definition.ts';
import { type Api, createApi } from './http.ts';
import { endpoint } from './settings.ts';

export interface TokenApiOptions {
  /** The host's name in messages. */
  readonly host: string;
  /** Where the API is unless the setting `endpoint` says otherwise. */
  readonly base: string;
  /** The whole Authorization header. */
  readonly authorization: string;
}

/** Calls of an API whose credentials are one header that stays the same. */
export function tokenApi(
  { host, base, authorization }: TokenApiOptions,
  settings: Readonly<Record<string, string>>,
  { transport, clock }: Pick<ProviderParts, 'transport' | 'clock'>,
): Api {
  return createApi({
    host,
    base: endpoint(settings, base),
    transport,
    clock,
    authorize: () => ({ authorization }),
  });
}
