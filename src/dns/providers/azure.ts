import * as z from 'zod';
import { azureToken } from '../../cloud/azure-token.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { segment } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { DNS_CODES } from '../provider-kit/provider-failure.ts';
import { recordSetProvider } from '../provider-kit/rrset.ts';
import { endpoint, endpointSetting, optional, required } from '../provider-kit/settings.ts';
import { relativeName, walkUp, type Zone } from '../provider-kit/zones.ts';

const base = 'https://management.azure.com';
const login = 'https://login.microsoftonline.com';
const query = { 'api-version': '2018-05-01' };
const ttl = 10;

const zoneResponse = z.object({
  name: z.string(),
  properties: z.object({ zoneType: z.string().default('Public') }).default({ zoneType: 'Public' }),
});
const recordSet = z.object({
  etag: z.string().min(1),
  properties: z.object({
    TTL: z.number(),
    TXTRecords: z.array(z.object({ value: z.array(z.string()) })).default([]),
    metadata: z.record(z.string(), z.string()).optional(),
  }),
});

export const azure: ProviderDefinition = {
  name: 'azure',
  title: 'Azure DNS',
  settings: [
    { name: 'subscriptionId', required: true, secret: false, description: 'Subscription that holds the zone.' },
    { name: 'resourceGroup', required: true, secret: false, description: 'Resource group that holds the zone.' },
    { name: 'tenantId', required: false, secret: false, description: 'Tenant of the application; with clientSecret.' },
    {
      name: 'clientId',
      required: false,
      secret: false,
      description:
        'Application (client) ID; without clientSecret: which user-assigned identity, when there are several.',
    },
    {
      name: 'clientSecret',
      required: false,
      secret: true,
      description: 'Client secret of the application; without one the managed identity of the virtual machine is used.',
    },
    endpointSetting(base),
    endpointSetting(login, 'loginEndpoint', 'Microsoft Entra ID'),
  ],
  privilege:
    'Role DNS Zone Contributor on the one zone; or a custom role with Microsoft.Network/dnsZones/read and Microsoft.Network/dnsZones/TXT/read, /write and /delete on it.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://learn.microsoft.com/rest/api/dns/record-sets',
  create: (settings, parts) => {
    const host = 'Azure DNS';
    const resource = endpoint(settings, base);
    const loginEndpoint = endpoint(settings, login, 'loginEndpoint');
    const clientSecret = optional(settings, 'clientSecret');
    const identity =
      clientSecret === null
        ? { clientId: optional(settings, 'clientId') }
        : { tenantId: required(settings, 'tenantId'), clientId: required(settings, 'clientId'), clientSecret };
    const token = azureToken(identity, { ...parts, codes: DNS_CODES }, { loginEndpoint, resource });
    const call = hostApi({
      host,
      base: resource,
      transport: parts.transport,
      clock: parts.clock,
      authorize: async (_request, signal) => ({ authorization: `Bearer ${await token(signal)}` }),
    });
    const subscription = segment(required(settings, 'subscriptionId'));
    const group = segment(required(settings, 'resourceGroup'));
    const pathOf = (zone: string): string =>
      `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/dnsZones/${segment(zone)}`;
    const setPath = (zone: Zone<string>, name: string): string =>
      `${zone.key}/TXT/${segment(relativeName(name, zone.name))}`;

    return recordSetProvider<string>(
      {
        // A record is a list of strings of up to 255 octets.
        form: (value) => JSON.stringify([value]),
        meaning: (text) => (JSON.parse(text) as string[]).join(''),

        zoneOf: (name, signal) =>
          walkUp(host, name, async (candidate) => {
            const path = pathOf(candidate);
            const response = await call({ method: 'GET', path, query, expect: [404] }, signal);
            if (response.status === 404) return null;
            const { name: found, properties } = response.read(zoneResponse);
            return found === candidate && properties.zoneType === 'Public' ? path : null;
          }),

        read: async (zone, name, signal) => {
          const response = await call({ method: 'GET', path: setPath(zone, name), query, expect: [404] }, signal);
          if (response.status === 404) return { values: [], ttl: null };
          const { etag, properties } = response.read(recordSet);
          const { TTL, TXTRecords, metadata } = properties;
          return {
            values: TXTRecords.map(({ value }) => JSON.stringify(value)),
            ttl: TTL,
            version: etag,
            kept: metadata === undefined ? {} : { metadata },
          };
        },

        write: async ({ zone, name, values, before }, signal) => {
          const path = setPath(zone, name);
          const headers: Record<string, string> =
            before.version === undefined ? { 'if-none-match': '*' } : { 'if-match': before.version };
          const records = values.map((text) => ({ value: JSON.parse(text) as unknown }));
          const json = { properties: { ...before.kept, TTL: before.ttl ?? ttl, TXTRecords: records } };
          const response =
            values.length === 0
              ? await call({ method: 'DELETE', path, query, headers, expect: [404, 412] }, signal)
              : await call({ method: 'PUT', path, query, headers, json, expect: [412] }, signal);
          return response.status === 412 ? 'conflict' : 'written';
        },
      },
      parts.inTurn,
    );
  },
};
