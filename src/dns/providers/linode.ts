import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { relativeName, UnservedZone, walkUp } from '../provider-kit/zones.ts';

const base = 'https://api.linode.com/v4';
/** The lowest that the API takes. */
const ttl = 30;
const pageSize = 100;

const domains = z.object({
  data: z.array(
    z.object({
      id: z.int(),
      domain: z.string(),
      type: z.string().default('master'),
      status: z.string().default('active'),
    }),
  ),
});
const records = z.object({
  data: z.array(z.object({ id: z.int(), type: z.string(), name: z.string(), target: z.string() })),
  pages: z.int(),
});

export const linode: ProviderDefinition = {
  name: 'linode',
  title: 'Linode (Akamai)',
  settings: [
    { name: 'apiToken', required: true, secret: true, description: 'Personal access token.' },
    endpointSetting(base),
  ],
  privilege:
    'Personal access token with the scope domains:read_write and no other, of a restricted user that has the grant read_write on the one domain.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://techdocs.akamai.com/linode-api/reference/get-domain-records',
  create: (settings, parts) => {
    const host = 'Linode';
    const authorization = `Bearer ${required(settings, 'apiToken')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);

    return recordProvider<number>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const headers = { 'x-filter': JSON.stringify({ domain: candidate }) };
          const response = await call({ method: 'GET', path: '/domains', headers }, signal);
          // A copy of a zone at other servers (type slave) takes no records.
          const zone = response
            .read(domains)
            .data.find(({ domain, type }) => domain === candidate && type === 'master');
          if (zone === undefined) return null;
          return zone.status === 'active' ? zone.id : new UnservedZone(zone.id);
        }),

      list: async (zone, name, signal) => {
        const relative = relativeName(name, zone.name, '');
        const headers = { 'x-filter': JSON.stringify({ type: 'TXT', name: relative }) };
        const found = await allPages(host, 1, async (page) => {
          const query = { page: String(page), page_size: String(pageSize) };
          const path = `/domains/${zone.key}/records`;
          const { data, pages } = (await call({ method: 'GET', path, query, headers }, signal)).read(records);
          const items = data.filter((one) => one.type === 'TXT' && one.name === relative);
          return { items, next: page >= pages ? null : page + 1 };
        });
        return found.map(({ id, target }) => ({ id: String(id), value: target }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = { type: 'TXT', name: relativeName(name, zone.name, ''), target: value, ttl_sec: ttl };
        await call({ method: 'POST', path: `/domains/${zone.key}/records`, json }, signal);
      },

      remove: async (zone, id, signal) => {
        await call({ method: 'DELETE', path: `/domains/${zone.key}/records/${id}`, expect: [404] }, signal);
      },
    });
  },
};
