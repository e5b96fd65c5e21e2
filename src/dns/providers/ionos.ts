import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { hostApi } from '../provider-kit/api.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpoint, endpointSetting, required } from '../provider-kit/settings.ts';
import { longestZone } from '../provider-kit/zones.ts';

const base = 'https://api.hosting.ionos.com/dns';
/** The lowest that the API takes. */
const ttl = 60;

const id = z.uuid();
const zones = z.array(z.object({ id, name: z.string(), type: z.string().default('NATIVE') }));
const records = z.object({
  records: z.array(z.object({ id, type: z.string(), name: z.string(), content: z.string() })).default([]),
});

export const ionos: ProviderDefinition = {
  name: 'ionos',
  title: 'IONOS',
  settings: [
    { name: 'apiKey', required: true, secret: true, description: 'API key: public prefix, a dot, secret.' },
    endpointSetting(base),
  ],
  privilege:
    'An API key of the developer portal. It has no scopes and reaches every zone of the contract: delegate the challenge name to a contract of its own where that is too much.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://developer.hosting.ionos.com/docs/dns',
  create: (settings, { transport, clock }) => {
    const host = 'IONOS';
    const key = required(settings, 'apiKey');
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: () => ({ 'x-api-key': key }),
    });

    return recordProvider<string>({
      zoneOf: async (name, signal) => {
        const response = await call({ method: 'GET', path: '/v1/zones' }, signal);
        // A copy of a zone at other servers (type SLAVE) takes no records.
        const writable = response.read(zones).filter(({ type }) => type !== 'SLAVE');
        return longestZone(host, name, new Map(writable.map((zone) => [zone.name, zone.id])));
      },

      list: async (zone, name, signal) => {
        const query = { recordName: name, recordType: 'TXT' };
        const response = await call({ method: 'GET', path: `/v1/zones/${zone.key}`, query }, signal);
        return response
          .read(records)
          .records.filter((one) => one.type === 'TXT' && one.name === name)
          .map((one) => ({ id: one.id, value: one.content }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = [{ name, type: 'TXT', content: value, ttl, prio: 0, disabled: false }];
        await call({ method: 'POST', path: `/v1/zones/${zone.key}/records`, json }, signal);
      },

      remove: async (zone, record, signal) => {
        const path = `/v1/zones/${zone.key}/records/${record}`;
        await call({ method: 'DELETE', path, expect: [404] }, signal);
      },
    });
  },
};
