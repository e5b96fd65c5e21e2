import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { relativeName, walkUp } from '../provider-kit/zones.ts';

const base = 'https://api.digitalocean.com';
/** The lowest that the API takes. */
const ttl = 30;
const perPage = 200;

const domain = z.object({ domain: z.object({ name: z.string() }) });
const records = z.object({
  domain_records: z.array(z.object({ id: z.int(), type: z.string(), name: z.string(), data: z.string() })),
});

export const digitalocean: ProviderDefinition = {
  name: 'digitalocean',
  title: 'DigitalOcean',
  settings: [
    { name: 'apiToken', required: true, secret: true, description: 'Personal access token with custom scopes.' },
    endpointSetting(base),
  ],
  privilege:
    'Personal access token with the custom scopes domain:read, domain:create and domain:delete. They reach every domain of the team: delegate the challenge name to a team of its own where that is too much.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records',
  create: (settings, parts) => {
    const host = 'DigitalOcean';
    const authorization = `Bearer ${required(settings, 'apiToken')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);
    const pathOf = (zone: string): string => `/v2/domains/${segment(zone)}`;

    return recordProvider<string>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const response = await call({ method: 'GET', path: pathOf(candidate), expect: [404] }, signal);
          return response.status === 404 ? null : response.read(domain).domain.name;
        }),

      list: async (zone, name, signal) => {
        const found = await allPages(host, 1, async (page) => {
          const query = { type: 'TXT', name, per_page: String(perPage), page: String(page) };
          const response = await call({ method: 'GET', path: `${pathOf(zone.key)}/records`, query }, signal);
          const { domain_records: result } = response.read(records);
          const items = result.filter((one) => one.type === 'TXT' && one.name === relativeName(name, zone.name));
          return { items, next: result.length < perPage ? null : page + 1 };
        });
        return found.map(({ id, data }) => ({ id: String(id), value: data }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = { type: 'TXT', name: relativeName(name, zone.name), data: value, ttl };
        await call({ method: 'POST', path: `${pathOf(zone.key)}/records`, json }, signal);
      },

      remove: async (zone, id, signal) => {
        await call({ method: 'DELETE', path: `${pathOf(zone.key)}/records/${id}`, expect: [404] }, signal);
      },
    });
  },
};
