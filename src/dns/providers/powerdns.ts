import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { type RecordSetHost, recordSetProvider } from '../provider-kit/rrset.ts';
import { whileBusy } from '../provider-kit/retry.ts';
import { endpoint, required, timeToLive, TTL_SETTING } from '../provider-kit/settings.ts';
import { walkUp } from '../provider-kit/zones.ts';

/** The members of a zone that are used; https://doc.powerdns.com/authoritative/http-api/zone.html */
const ZONES = z.array(z.object({ id: z.string(), name: z.string(), kind: z.string() }));
const RECORD_SETS = z.object({
  rrsets: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      ttl: z.number(),
      records: z.array(z.object({ content: z.string() })),
    }),
  ),
});

type Key = { readonly path: string; readonly kind: string };

/** PowerDNS Authoritative Server, by its HTTP API. */
export const powerdns: ProviderDefinition = {
  name: 'powerdns',
  title: 'PowerDNS',
  settings: [
    {
      name: 'endpoint',
      required: true,
      secret: false,
      description:
        'Base URL of the API: https, or http to this machine with allowInsecureLoopback. The API itself speaks plain http only, so put it behind a proxy with TLS when it is on another machine.',
      example: 'https://dns.example.com:8081',
    },
    { name: 'apiKey', required: true, secret: true, description: 'The `api-key` of the server.' },
    { name: 'server', required: false, secret: false, description: 'Name of the server.', default: 'localhost' },
    TTL_SETTING,
  ],
  privilege:
    'The API key of PowerDNS can do everything that the API can. Where that is too much, use rfc2136 with a TSIG key for the one zone.',
  testedAgainst: 'real: PowerDNS',
  documentation: 'https://doc.powerdns.com/authoritative/http-api/',
  create: (settings, { transport, clock, random, inTurn }) => {
    const key = required(settings, 'apiKey');
    const ttl = timeToLive(settings);
    const server = segment(settings['server'] ?? 'localhost');
    const call = hostApi({
      host: 'PowerDNS',
      base: endpoint(settings, required(settings, 'endpoint')),
      transport,
      clock,
      authorize: () => ({ 'x-api-key': key }),
    });
    const zones = `/api/v1/servers/${server}/zones`;
    const host: RecordSetHost<Key> = {
      zoneOf: (name, signal) =>
        walkUp('PowerDNS', name, async (candidate) => {
          const response = await call({ method: 'GET', path: zones, query: { zone: `${candidate}.` } }, signal);
          const found = response.read(ZONES).find((zone) => zone.name === `${candidate}.`);
          return found === undefined ? null : { path: `${zones}/${segment(found.id)}`, kind: found.kind };
        }),
      read: async ({ key: { path } }, name, signal) => {
        // Servers before 4.9 have no filter and send the whole zone.
        const query = { rrset_name: `${name}.`, rrset_type: 'TXT' };
        const { rrsets } = (await call({ method: 'GET', path, query }, signal)).read(RECORD_SETS);
        const set = rrsets.find((candidate) => candidate.name === `${name}.` && candidate.type === 'TXT');
        return { values: set?.records.map(({ content }) => content) ?? [], ttl: set?.ttl ?? null };
      },
      write: async ({ zone, name, values, before }, signal) => {
        const records = values.map((content) => ({ content, disabled: false }));
        const change = records.length === 0 ? { changetype: 'DELETE' } : { changetype: 'REPLACE', records };
        const rrset = { name: `${name}.`, type: 'TXT', ttl: before.ttl ?? ttl, ...change };
        // One after the other: PowerDNS fails when two requests write one zone at the same time.
        await inTurn(`powerdns ${zone.key.path}`, () =>
          whileBusy(
            { clock, random },
            () => call({ method: 'PATCH', path: zone.key.path, json: { rrsets: [rrset] } }, signal),
            signal,
          ),
        );
        // Only primaries send NOTIFY, and unless asked not before their next round.
        if (['Master', 'Primary'].includes(zone.key.kind)) {
          await call({ method: 'PUT', path: `${zone.key.path}/notify`, expect: [400, 422] }, signal);
        }
        return 'written';
      },
    };
    return recordSetProvider(host, inTurn);
  },
};
