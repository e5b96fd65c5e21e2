import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { quoteTxt } from '../provider-kit/txt-text.ts';
import { longestZone, relativeName } from '../provider-kit/zones.ts';

const base = 'https://api.vultr.com/v2';
/** The lowest that the API takes. */
const ttl = 120;

const meta = z.object({ links: z.object({ next: z.string() }) });
const domains = z.object({ domains: z.array(z.object({ domain: z.string() })), meta });
const records = z.object({
  records: z.array(z.object({ id: z.uuid(), type: z.string(), name: z.string(), data: z.string() })),
  meta,
});

/** The cursor of the next page; null after the last. */
function nextOf(page: readonly unknown[], { links }: z.output<typeof meta>): string | null {
  return links.next === '' || page.length === 0 ? null : links.next;
}

export const vultr: ProviderDefinition = {
  name: 'vultr',
  title: 'Vultr',
  settings: [
    { name: 'apiKey', required: true, secret: true, description: 'API key of the account.' },
    endpointSetting(base),
  ],
  privilege:
    'API key of a user of its own that has the permission Manage DNS and no other, with this server in its access control list. It reaches every domain of the account.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://www.vultr.com/api/#tag/dns',
  create: (settings, parts) => {
    const host = 'Vultr';
    const authorization = `Bearer ${required(settings, 'apiKey')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);
    const pageOf = (cursor: string): Record<string, string> => ({
      per_page: '500',
      ...(cursor === '' ? {} : { cursor }),
    });

    return recordProvider<string>({
      zoneOf: async (name, signal) => {
        const found = await allPages(host, '', async (cursor) => {
          const response = await call({ method: 'GET', path: '/domains', query: pageOf(cursor) }, signal);
          const { domains: items, meta } = response.read(domains);
          return { items, next: nextOf(items, meta) };
        });
        const zones = new Map(found.map(({ domain }) => [domain, `/domains/${segment(domain)}/records`]));
        return longestZone(host, name, zones);
      },

      list: async (zone, name, signal) => {
        const relative = relativeName(name, zone.name, '');
        const found = await allPages(host, '', async (cursor) => {
          const response = await call({ method: 'GET', path: zone.key, query: pageOf(cursor) }, signal);
          const { records: page, meta } = response.read(records);
          const items = page.filter((one) => one.type === 'TXT' && one.name === relative);
          return { items, next: nextOf(page, meta) };
        });
        return found.map(({ id, data }) => ({ id, value: data }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = { type: 'TXT', name: relativeName(name, zone.name, ''), data: quoteTxt(value), ttl };
        await call({ method: 'POST', path: zone.key, json }, signal);
      },

      remove: async (zone, id, signal) => {
        await call({ method: 'DELETE', path: `${zone.key}/${id}`, expect: [404] }, signal);
      },
    });
  },
};
