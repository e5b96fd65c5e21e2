import type { ProviderDefinition } from './definition.ts';
import { azure } from './azure.ts';
import { cloudflare } from './cloudflare.ts';
import { digitalocean } from './digitalocean.ts';
import { google } from './google.ts';
import { hetzner } from './hetzner.ts';
import { ionos } from './ionos.ts';
import { linode } from './linode.ts';
import { ovh } from './ovh.ts';
import { powerdns } from './powerdns.ts';
import { route53 } from './route53.ts';
import { vultr } from './vultr.ts';

/** Every provider, by name. Whoever needs it loads this module when it does: most runs prove nothing by DNS. */
export const PROVIDERS: readonly ProviderDefinition[] = [
  azure,
  cloudflare,
  digitalocean,
  google,
  hetzner,
  ionos,
  linode,
  ovh,
  powerdns,
  route53,
  vultr,
];
