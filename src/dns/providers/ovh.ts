import * as z from 'zod';
import { cached } from '../../cloud/cached.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting } from '../provider-kit/provider-failure.ts';
import { segment } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpoint, endpointSetting, optional, required } from '../provider-kit/settings.ts';
import { signOvh } from '../../cloud/ovh-signature.ts';
import { relativeName, walkUp, type Zone } from '../provider-kit/zones.ts';

const regions: Readonly<Record<string, string>> = {
  eu: 'https://eu.api.ovh.com/1.0',
  ca: 'https://ca.api.ovh.com/1.0',
  us: 'https://api.us.ovhcloud.com/1.0',
};
/** The lowest that the API takes. */
const ttl = 60;
const clockMs = 3_600_000;

const seconds = z.int().positive();
const zoneResponse = z.object({ name: z.string() });
const ids = z.array(z.int().positive()).max(10_000);
const recordResponse = z.object({ fieldType: z.string(), subDomain: z.string(), target: z.string() });
const refusal = z.object({ errorCode: z.string() });
const refused = new Set(['INVALID_KEY', 'INVALID_SIGNATURE', 'INVALID_CREDENTIAL', 'NOT_CREDENTIAL', 'QUERY_TIME_OUT']);

export const ovh: ProviderDefinition = {
  name: 'ovh',
  title: 'OVHcloud',
  settings: [
    { name: 'applicationKey', required: true, secret: false, description: 'Application key.' },
    { name: 'applicationSecret', required: true, secret: true, description: 'Application secret.' },
    { name: 'consumerKey', required: true, secret: true, description: 'Consumer key, validated for the rights below.' },
    { name: 'region', required: false, secret: false, description: 'Account in `eu`, `ca` or `us`.', default: 'eu' },
    endpointSetting('by region'),
  ],
  privilege:
    'Consumer key with the rights GET /domain/zone/ZONE, GET, POST and DELETE /domain/zone/ZONE/record* and POST /domain/zone/ZONE/refresh, ZONE being the one zone.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://eu.api.ovh.com/console/?section=%2Fdomain&branch=v1',
  create: (settings, { transport, clock }) => {
    const host = 'OVHcloud';
    const region = regions[optional(settings, 'region') ?? 'eu'];
    if (region === undefined) throw wrongSetting('region', 'eu, ca or us');
    const credentials = {
      applicationKey: required(settings, 'applicationKey'),
      applicationSecret: required(settings, 'applicationSecret'),
      consumerKey: required(settings, 'consumerKey'),
    };
    const options = { host, base: endpoint(settings, region), transport, clock };
    const unsigned = hostApi(options);
    /** Milliseconds that OVH's clock is ahead of ours: a signature is valid for a short time only. */
    const ahead = cached(clock, async () => {
      const theirs = (await unsigned({ method: 'GET', path: '/auth/time' })).read(seconds) * 1000;
      return { value: theirs - clock.now(), expiresAt: clock.now() + clockMs };
    });
    const call = hostApi({
      ...options,
      authorize: async (request, signal) =>
        signOvh(request, credentials, Math.floor((clock.now() + (await ahead(signal))) / 1000)),
      explain: (response) => (refused.has(response.peek(refusal)?.errorCode ?? '') ? 'credentials' : null),
    });
    const pathOf = (zone: string): string => `/domain/zone/${segment(zone)}`;

    return recordProvider<string>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const response = await call({ method: 'GET', path: pathOf(candidate), expect: [404] }, signal);
          return response.status === 404 || response.read(zoneResponse).name !== candidate ? null : pathOf(candidate);
        }),

      list: async (zone: Zone<string>, name, signal) => {
        const subDomain = relativeName(name, zone.name, '');
        const query = { fieldType: 'TXT', subDomain };
        const listed = await call({ method: 'GET', path: `${zone.key}/record`, query }, signal);
        const found = [];
        for (const id of listed.read(ids)) {
          const response = await call({ method: 'GET', path: `${zone.key}/record/${id}`, expect: [404] }, signal);
          // Removed since the list was made.
          if (response.status === 404) continue;
          const record = response.read(recordResponse);
          if (record.fieldType === 'TXT' && record.subDomain === subDomain) {
            found.push({ id: String(id), value: record.target });
          }
        }
        return found;
      },

      add: async (zone, { name, value }, signal) => {
        const json = { fieldType: 'TXT', subDomain: relativeName(name, zone.name, ''), target: value, ttl };
        await call({ method: 'POST', path: `${zone.key}/record`, json }, signal);
      },

      remove: async (zone, id, signal) => {
        await call({ method: 'DELETE', path: `${zone.key}/record/${id}`, expect: [404] }, signal);
      },

      publish: async (zone, signal) => {
        await call({ method: 'POST', path: `${zone.key}/refresh` }, signal);
      },
    });
  },
};
