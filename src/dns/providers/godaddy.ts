import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { recordSetProvider } from '../provider-kit/rrset.ts';
import { endpoint, endpointSetting, required } from '../provider-kit/settings.ts';
import { relativeName, walkUp, type Zone } from '../provider-kit/zones.ts';

const base = 'https://api.godaddy.com';
/** The lowest that the API takes. */
const ttl = 600;

const domain = z.object({ domain: z.string() });
const records = z.array(z.object({ type: z.string().optional(), data: z.string(), ttl: z.int() }));
const refusal = z.object({ code: z.string() });

export const godaddy: ProviderDefinition = {
  name: 'godaddy',
  title: 'GoDaddy',
  settings: [
    { name: 'apiKey', required: true, secret: true, description: 'Key for the production environment.' },
    { name: 'apiSecret', required: true, secret: true, description: 'Secret that belongs to it.' },
    endpointSetting(base),
  ],
  privilege:
    'A production API key; GoDaddy gives access to the API to larger accounts only. It has no scopes and reaches every domain of the account: delegate the challenge name to another host where that is too much.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://developer.godaddy.com/doc/endpoint/domains',
  create: (settings, { transport, clock, inTurn }) => {
    const host = 'GoDaddy';
    const authorization = `sso-key ${required(settings, 'apiKey')}:${required(settings, 'apiSecret')}`;
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: () => ({ authorization }),
      explain: (response) =>
        response.status === 400 && response.peek(refusal)?.code === 'UNABLE_TO_AUTHENTICATE' ? 'credentials' : null,
    });
    const setPath = (zone: Zone<string>, name: string): string =>
      `${zone.key}/records/TXT/${segment(relativeName(name, zone.name))}`;

    return recordSetProvider<string>(
      {
        form: (value) => value,

        zoneOf: (name, signal) =>
          walkUp(host, name, async (candidate) => {
            const path = `/v1/domains/${segment(candidate)}`;
            // 422: a name that cannot be a registered domain.
            const response = await call({ method: 'GET', path, expect: [404, 422] }, signal);
            return response.status >= 400 || response.read(domain).domain !== candidate ? null : path;
          }),

        read: async (zone, name, signal) => {
          const response = await call({ method: 'GET', path: setPath(zone, name), expect: [404] }, signal);
          const set = response.status === 404 ? [] : response.read(records);
          return { values: set.map(({ data }) => data), ttl: set[0]?.ttl ?? null };
        },

        write: async ({ zone, name, values, before }, signal) => {
          const added = values.filter((value) => !before.values.includes(value));
          if (added.length > 0) {
            // Adding keeps what others add meanwhile. The API has no such request for removing.
            const relative = relativeName(name, zone.name);
            const json = added.map((data) => ({ type: 'TXT', name: relative, data, ttl: before.ttl ?? ttl }));
            await call({ method: 'PATCH', path: `${zone.key}/records`, json }, signal);
          } else if (values.length === 0) {
            await call({ method: 'DELETE', path: setPath(zone, name), expect: [404] }, signal);
          } else {
            const json = values.map((data) => ({ data, ttl: before.ttl ?? ttl }));
            await call({ method: 'PUT', path: setPath(zone, name), json }, signal);
          }
          return 'written';
        },
      },
      inTurn,
    );
  },
};
