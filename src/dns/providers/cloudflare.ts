import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting } from '../provider-kit/provider-failure.ts';
import { hostApi } from '../provider-kit/api.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpoint, endpointSetting, optional, required } from '../provider-kit/settings.ts';
import { quoteTxt } from '../provider-kit/txt-text.ts';
import { givenZone, UnservedZone, walkUp } from '../provider-kit/zones.ts';

const base = 'https://api.cloudflare.com/client/v4';
/** The lowest that every plan allows. */
const ttl = 60;
const perPage = 100;

const id = z.string().regex(/^[0-9a-f]{32}$/);
const zone = z.object({ id, name: z.string().max(255), status: z.string().optional() });
const zones = z.object({ success: z.literal(true), result: z.array(zone) });
const oneZone = z.object({ success: z.literal(true), result: zone });
const records = z.object({
  success: z.literal(true),
  result: z.array(z.object({ id, type: z.string(), name: z.string(), content: z.string() })),
});
const refusal = z.object({ success: z.literal(false), errors: z.array(z.object({ code: z.number() })).min(1) });

/** The API does not take the request headers. It says so, with status 400, also when a token has the wrong form. */
const badHeaders = 6003;
const identicalExists = [81057, 81058];

export const cloudflare: ProviderDefinition = {
  name: 'cloudflare',
  title: 'Cloudflare',
  settings: [
    { name: 'apiToken', required: true, secret: true, description: 'API token; not the global API key.' },
    {
      name: 'zoneId',
      required: false,
      secret: false,
      description: 'Zone ID, where the zone is not to be looked for, or several accounts have one of this name.',
      example: '023e105f4ecef8ad9ca31a8372d0c353',
    },
    endpointSetting(base),
  ],
  privilege: 'API token with the permissions Zone / Zone / Read and Zone / DNS / Edit, for the one zone only.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://developers.cloudflare.com/api/resources/dns/subresources/records/',
  create: (settings, { transport, clock }) => {
    const host = 'Cloudflare';
    const authorization = `Bearer ${required(settings, 'apiToken')}`;
    const zoneId = optional(settings, 'zoneId');
    if (zoneId !== null && !id.safeParse(zoneId).success) throw wrongSetting('zoneId', 'an ID');
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: () => ({ authorization }),
      explain: (response) => {
        const [first] = response.peek(refusal)?.errors ?? [];
        return response.status === 400 && first?.code === badHeaders ? 'credentials' : null;
      },
    });

    return recordProvider<string>({
      zoneOf: async (name, signal) => {
        if (zoneId !== null) {
          const response = await call({ method: 'GET', path: `/zones/${zoneId}`, expect: [404] }, signal);
          const found = response.status === 404 ? null : response.read(oneZone).result;
          return givenZone(host, name, found === null ? null : { name: found.name, key: zoneId });
        }
        return walkUp(host, name, async (candidate) => {
          const response = await call({ method: 'GET', path: '/zones', query: { name: candidate } }, signal);
          const found = response.read(zones).result.filter((one) => one.name === candidate);
          const active = found.find(({ status = 'active' }) => status === 'active');
          const [other] = found;
          return active?.id ?? (other === undefined ? null : new UnservedZone(other.id));
        });
      },

      list: async (zone, name, signal) => {
        const found = await allPages(host, 1, async (page) => {
          const query = { type: 'TXT', 'name.exact': name, per_page: String(perPage), page: String(page) };
          const response = await call({ method: 'GET', path: `/zones/${zone.key}/dns_records`, query }, signal);
          const { result } = response.read(records);
          const items = result.filter((record) => record.type === 'TXT' && record.name === name);
          return { items, next: result.length < perPage ? null : page + 1 };
        });
        return found.map((record) => ({ id: record.id, value: record.content }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = { type: 'TXT', name, content: quoteTxt(value), ttl };
        const path = `/zones/${zone.key}/dns_records`;
        const response = await call({ method: 'POST', path, json, expect: [400] }, signal);
        if (response.status !== 400) return;
        // Another program added it since we looked.
        const codes = response.read(refusal).errors.map((error) => error.code);
        if (!codes.some((code) => identicalExists.includes(code))) throw response.failure();
      },

      remove: async (zone, record, signal) => {
        await call({ method: 'DELETE', path: `/zones/${zone.key}/dns_records/${record}`, expect: [404] }, signal);
      },
    });
  },
};
