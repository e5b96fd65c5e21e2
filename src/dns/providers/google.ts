import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { DNS_CODES, wrongSetting } from '../provider-kit/provider-failure.ts';
import { googleToken, serviceAccount } from '../../cloud/google-token.ts';
import { segment } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { poll } from '../provider-kit/poll.ts';
import { recordSetProvider } from '../provider-kit/rrset.ts';
import { endpoint, endpointSetting, optional } from '../provider-kit/settings.ts';
import { givenZone, walkUp } from '../provider-kit/zones.ts';

const base = 'https://dns.googleapis.com';
const scope = 'https://www.googleapis.com/auth/ndev.clouddns.readwrite';
const ttl = 5;

const zone = z.object({ name: z.string(), dnsName: z.string(), visibility: z.string().default('public') });
const zones = z.object({ managedZones: z.array(zone).default([]) });
const sets = z.object({
  rrsets: z
    .array(z.object({ name: z.string(), type: z.string(), ttl: z.int(), rrdatas: z.array(z.string()).min(1) }))
    .default([]),
});
const change = z.object({ id: z.string().regex(/^[\w-]{1,128}$/), status: z.enum(['pending', 'done']) });
const refusal = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).min(1) }) });
const tooMany = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded']);

export const google: ProviderDefinition = {
  name: 'google',
  title: 'Google Cloud DNS',
  settings: [
    {
      name: 'serviceAccountKey',
      required: false,
      secret: true,
      description: 'JSON key of a service account; without one the account of the virtual machine is used.',
    },
    {
      name: 'project',
      required: false,
      secret: false,
      description: 'Project that holds the zone, when it is not the one of the key; needed without a key.',
    },
    {
      name: 'managedZone',
      required: false,
      secret: false,
      description:
        'Name of the managed zone, where it is not to be looked for, or several public ones have the same DNS name.',
      example: 'example-com',
    },
    endpointSetting(base),
  ],
  privilege:
    'A custom role with dns.managedZones.list (dns.managedZones.get where managedZone is given), dns.resourceRecordSets.list, .create, .delete and .update, dns.changes.create and dns.changes.get; of the predefined roles, roles/dns.admin. All but dns.managedZones.list may be granted on the one managed zone.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://cloud.google.com/dns/docs/reference/rest/v1',
  create: (settings, parts) => {
    const host = 'Google Cloud DNS';
    const { transport, clock, inTurn } = parts;
    const key = settings['serviceAccountKey'] ?? '';
    const account = key === '' ? null : serviceAccount(key);
    if (key !== '' && account === null) throw wrongSetting('serviceAccountKey', 'the JSON key of a service account');
    const project = optional(settings, 'project') ?? account?.project ?? null;
    if (project === null) throw wrongSetting('project', 'given');
    const managedZone = optional(settings, 'managedZone');
    if (managedZone !== null && !/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(managedZone)) {
      throw wrongSetting('managedZone', 'the name of a managed zone');
    }
    const token = googleToken(account, scope, { ...parts, codes: DNS_CODES });
    const call = hostApi({
      host,
      base: `${endpoint(settings, base)}/dns/v1/projects/${segment(project)}/managedZones`,
      transport,
      clock,
      authorize: async (_request, signal) => ({ authorization: `Bearer ${await token(signal)}` }),
      explain: (response) => (tooMany.has(response.peek(refusal)?.error.errors[0]?.reason ?? '') ? 'rate' : null),
    });
    /** By name, the change that must be carried out before its record can be seen. */
    const changes = new Map<string, string>();

    const provider = recordSetProvider<string>(
      {
        zoneOf: async (name, signal) => {
          if (managedZone !== null) {
            const path = `/${managedZone}`;
            const response = await call({ method: 'GET', path, expect: [404] }, signal);
            const dnsName = response.status === 404 ? null : response.read(zone).dnsName.replace(/\.$/, '');
            return givenZone(host, name, dnsName === null ? null : { name: dnsName, key: path });
          }
          return walkUp(host, name, async (candidate) => {
            const response = await call({ method: 'GET', path: '', query: { dnsName: `${candidate}.` } }, signal);
            const [found, ...twins] = response
              .read(zones)
              .managedZones.filter((one) => one.dnsName === `${candidate}.` && one.visibility === 'public');
            if (twins.length > 0) throw wrongSetting('managedZone', `given; ${candidate} has several public zones`);
            return found === undefined ? null : `/${segment(found.name)}`;
          });
        },

        read: async (zone, name, signal) => {
          const query = { name: `${name}.`, type: 'TXT' };
          const response = await call({ method: 'GET', path: `${zone.key}/rrsets`, query }, signal);
          const set = response.read(sets).rrsets.find((one) => one.name === `${name}.` && one.type === 'TXT');
          return { values: set?.rrdatas ?? [], ttl: set?.ttl ?? null };
        },

        // A deletion must name exactly what is there, and the API does both or none, so that no other writer's change
        // is lost.
        write: async ({ zone, name, values, before }, signal) => {
          const set = { name: `${name}.`, type: 'TXT' };
          const json = {
            additions: values.length === 0 ? [] : [{ ...set, ttl: before.ttl ?? ttl, rrdatas: values }],
            deletions: before.values.length === 0 ? [] : [{ ...set, ttl: before.ttl, rrdatas: before.values }],
          };
          const path = `${zone.key}/changes`;
          const response = await call({ method: 'POST', path, json, expect: [404, 409, 412] }, signal);
          if (response.status >= 400) return 'conflict';
          changes.set(name, `${path}/${response.read(change).id}`);
          return 'written';
        },
      },
      inTurn,
    );

    return {
      ...provider,
      wait: async ({ name }, signal) => {
        const path = changes.get(name);
        if (path === undefined) return;
        await poll(
          host,
          clock,
          async () => (await call({ method: 'GET', path }, signal)).read(change).status === 'done',
          signal,
        );
        changes.delete(name);
      },
    };
  },
};
