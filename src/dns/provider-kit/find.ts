import { EverbindError } from '../../errors/error.ts';
import { PROVIDERS } from '../providers/all.ts';
import type { ProviderDefinition } from './definition.ts';

/** The provider of this name. Throws DNS_PROVIDER_SETTING. */
export function findProvider(name: string): ProviderDefinition {
  const found = PROVIDERS.find((provider) => provider.name === name);
  if (found !== undefined) return found;
  throw new EverbindError('DNS_PROVIDER_SETTING', `there is no DNS provider ${JSON.stringify(name)}`, {
    known: PROVIDERS.map((provider) => provider.name),
  });
}
