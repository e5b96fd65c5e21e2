import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { zoneNotFound } from '../provider-kit/provider-failure.ts';
import { segment } from '../../cloud/api.ts';
import { recordSetProvider } from '../provider-kit/rrset.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { relativeName } from '../provider-kit/zones.ts';

const base = 'https://desec.io/api/v1';

const domains = z.array(z.object({ name: z.string(), minimum_ttl: z.int().positive() }));
const recordSet = z.object({ ttl: z.int(), records: z.array(z.string()) });

interface Key {
  readonly path: string;
  /** The lowest that the domain takes. */
  readonly minimumTtl: number;
}

export const desec: ProviderDefinition = {
  name: 'desec',
  title: 'deSEC',
  settings: [
    { name: 'apiToken', required: true, secret: true, description: 'Token, as it is shown once when it is made.' },
    endpointSetting(base),
  ],
  privilege:
    'Token without the permissions to manage tokens, create or delete domains, and with two policies: a default one without write permission, and one for the domain, the subname of the challenge (_acme-challenge) and type TXT with it.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://desec.readthedocs.io/en/latest/dns/rrsets.html',
  create: (settings, parts) => {
    const host = 'deSEC';
    const authorization = `Token ${required(settings, 'apiToken')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);

    return recordSetProvider<Key>(
      {
        zoneOf: async (name, signal) => {
          const response = await call({ method: 'GET', path: '/domains/', query: { owns_qname: name } }, signal);
          const [found] = response.read(domains);
          if (found === undefined || !`.${name}`.endsWith(`.${found.name}`)) throw zoneNotFound(host, name);
          const path = `/domains/${segment(found.name)}/rrsets/`;
          return { name: found.name, key: { path, minimumTtl: found.minimum_ttl } };
        },

        read: async (zone, name, signal) => {
          const path = `${zone.key.path}${segment(relativeName(name, zone.name))}/TXT/`;
          const response = await call({ method: 'GET', path, expect: [404] }, signal);
          if (response.status === 404) return { values: [], ttl: null };
          const { records, ttl } = response.read(recordSet);
          return { values: records, ttl };
        },

        // A list in PUT creates or replaces; an empty one removes. The API has no conditional write.
        write: async ({ zone, name, values, before }, signal) => {
          const subname = relativeName(name, zone.name, '');
          const set = { subname, type: 'TXT', ttl: before.ttl ?? zone.key.minimumTtl, records: values };
          await call({ method: 'PUT', path: zone.key.path, json: [set] }, signal);
          return 'written';
        },
      },
      parts.inTurn,
    );
  },
};
