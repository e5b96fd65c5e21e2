import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { recordSetProvider } from '../provider-kit/rrset.ts';
import { endpointSetting, required } from '../provider-kit/settings.ts';
import { tokenApi } from '../provider-kit/api.ts';
import { relativeName, walkUp, type Zone } from '../provider-kit/zones.ts';

const base = 'https://api.gandi.net/v5/livedns';
/** The lowest that the API takes. */
const ttl = 300;

const domain = z.object({ fqdn: z.string() });
const recordSet = z.object({ rrset_ttl: z.int(), rrset_values: z.array(z.string()) });

export const gandi: ProviderDefinition = {
  name: 'gandi',
  title: 'Gandi LiveDNS',
  settings: [
    {
      name: 'apiToken',
      required: true,
      secret: true,
      description: 'Personal access token; the old API keys are not taken.',
    },
    endpointSetting(base),
  ],
  privilege:
    'Personal access token restricted to the one domain, with the permissions See and renew domain names and Manage domain name technical configurations.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://api.gandi.net/docs/livedns/',
  create: (settings, parts) => {
    const host = 'Gandi';
    const authorization = `Bearer ${required(settings, 'apiToken')}`;
    const call = tokenApi({ host, base, authorization }, settings, parts);
    const setPath = (zone: Zone<string>, name: string): string =>
      `${zone.key}/records/${segment(relativeName(name, zone.name))}/TXT`;

    return recordSetProvider<string>(
      {
        zoneOf: (name, signal) =>
          walkUp(host, name, async (candidate) => {
            const path = `/domains/${segment(candidate)}`;
            const response = await call({ method: 'GET', path, expect: [404] }, signal);
            return response.status === 404 || response.read(domain).fqdn !== candidate ? null : path;
          }),

        read: async (zone, name, signal) => {
          const response = await call({ method: 'GET', path: setPath(zone, name), expect: [404] }, signal);
          if (response.status === 404) return { values: [], ttl: null };
          const { rrset_values: values, rrset_ttl: seconds } = response.read(recordSet);
          return { values, ttl: seconds };
        },

        // The API has no conditional write: what another program writes at the same name may be lost.
        write: async ({ zone, name, values, before }, signal) => {
          const path = setPath(zone, name);
          if (values.length === 0) {
            await call({ method: 'DELETE', path, expect: [404] }, signal);
          } else {
            const json = { rrset_values: values, rrset_ttl: before.ttl ?? ttl };
            await call({ method: 'PUT', path, json }, signal);
          }
          return 'written';
        },
      },
      parts.inTurn,
    );
  },
};
