import type { ProviderDefinition } from './definition.ts';
import { cloudflare } from './cloudflare.ts';
import { powerdns } from './powerdns.ts';

/** Every provider, by name. Whoever needs it loads this module when it does: most runs prove nothing by DNS. */
export const PROVIDERS: readonly ProviderDefinition[] = [cloudflare, powerdns];
