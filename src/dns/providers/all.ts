import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { acmeDns } from './acme-dns.ts';
import { alibaba } from './alibaba.ts';
import { azure } from './azure.ts';
import { cloudflare } from './cloudflare.ts';
import { desec } from './desec.ts';
import { digitalocean } from './digitalocean.ts';
import { gandi } from './gandi.ts';
import { godaddy } from './godaddy.ts';
import { google } from './google.ts';
import { hetzner } from './hetzner.ts';
import { httpreq } from './httpreq.ts';
import { ionos } from './ionos.ts';
import { linode } from './linode.ts';
import { namecheap } from './namecheap.ts';
import { ovh } from './ovh.ts';
import { poshAcme } from './posh-acme.ts';
import { powerdns } from './powerdns.ts';
import { rfc2136 } from './rfc2136.ts';
import { route53 } from './route53.ts';
import { tencent } from './tencent.ts';
import { vultr } from './vultr.ts';
import { windowsDns } from './windows-dns.ts';

/** Every provider, by name. This module is loaded when it is first needed: most runs use no DNS challenge. */
export const PROVIDERS: readonly ProviderDefinition[] = [
  acmeDns,
  alibaba,
  azure,
  cloudflare,
  desec,
  digitalocean,
  gandi,
  godaddy,
  google,
  hetzner,
  httpreq,
  ionos,
  linode,
  namecheap,
  ovh,
  poshAcme,
  powerdns,
  rfc2136,
  route53,
  tencent,
  vultr,
  windowsDns,
];
