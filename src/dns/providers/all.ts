import type { ProviderDefinition } from './definition.ts';
import { azure } from './azure.ts';
import { cloudflare } from './cloudflare.ts';
import { digitalocean } from './digitalocean.ts';
import { google } from './google.ts';
import { powerdns } from './powerdns.ts';
import { route53 } from './route53.ts';

/** Every provider, by name. Whoever needs it loads this module when it does: most runs prove nothing by DNS. */
export const PROVIDERS: readonly ProviderDefinition[] = [azure, cloudflare, digitalocean, google, powerdns, route53];
