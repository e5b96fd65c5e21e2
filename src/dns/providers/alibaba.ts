import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import type { ApiResponse } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpoint, endpointSetting, required } from '../provider-kit/settings.ts';
import { signAlibaba } from '../../cloud/alibaba-signature.ts';
import { relativeName, walkUp } from '../provider-kit/zones.ts';

const base = 'https://alidns.aliyuncs.com';
/** The lowest that the free edition allows. */
const ttl = 600;
const pageSize = 100;

const domain = z.object({ DomainName: z.string() });
const records = z.object({
  TotalCount: z.int(),
  DomainRecords: z.object({
    Record: z.array(
      z.object({ RecordId: z.string().regex(/^\d{1,32}$/), RR: z.string(), Type: z.string(), Value: z.string() }),
    ),
  }),
});
const added = z.object({ RecordId: z.string() });
const refusal = z.object({ Code: z.string() });

const noZone = new Set(['InvalidDomainName.NoExist', 'IncorrectDomainUser']);
const badCredentials = /^(InvalidAccessKey|SignatureDoesNotMatch|IncompleteSignature|Forbidden|NoPermission)/;

export const alibaba: ProviderDefinition = {
  name: 'alibaba',
  title: 'Alibaba Cloud DNS',
  settings: [
    { name: 'accessKeyId', required: true, secret: false, description: 'AccessKey ID of a RAM user.' },
    { name: 'accessKeySecret', required: true, secret: true, description: 'AccessKey secret that belongs to it.' },
    endpointSetting(base),
  ],
  privilege:
    'RAM policy with alidns:DescribeDomainInfo, alidns:DescribeDomainRecords, alidns:AddDomainRecord and alidns:DeleteDomainRecord on acs:alidns:*:*:domain/ZONE, for the one zone.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://www.alibabacloud.com/help/en/dns/api-alidns-2015-01-09-overview',
  create: (settings, { transport, clock, random }) => {
    const host = 'Alibaba Cloud DNS';
    const credentials = {
      accessKeyId: required(settings, 'accessKeyId'),
      accessKeySecret: required(settings, 'accessKeySecret'),
    };
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: (request) =>
        signAlibaba(request, credentials, clock.now(), Buffer.from(random.bytes(16)).toString('hex')),
      explain: (response) => {
        const code = codeOf(response);
        if (badCredentials.test(code)) return 'credentials';
        return code.startsWith('Throttling') ? 'rate' : null;
      },
    });

    /** The response to an action; null where it failed with one of the codes. */
    async function act(
      action: string,
      query: Readonly<Record<string, string>>,
      expected: ReadonlySet<string>,
      signal?: AbortSignal,
    ): Promise<ApiResponse | null> {
      const headers = { 'x-acs-action': action, 'x-acs-version': '2015-01-09' };
      const response = await call({ method: 'POST', path: '/', query, headers, expect: [400, 404] }, signal);
      if (response.status < 400) return response;
      if (expected.has(codeOf(response))) return null;
      throw response.failure();
    }

    return recordProvider<string>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const response = await act('DescribeDomainInfo', { DomainName: candidate }, noZone, signal);
          return response?.read(domain).DomainName ?? null;
        }),

      list: async (zone, name, signal) => {
        const relative = relativeName(name, zone.name);
        const found = await allPages(host, 1, async (page) => {
          const query = {
            DomainName: zone.key,
            RRKeyWord: relative,
            TypeKeyWord: 'TXT',
            PageNumber: String(page),
            PageSize: String(pageSize),
          };
          const response = await act('DescribeDomainRecords', query, new Set(), signal);
          const { TotalCount: total, DomainRecords: result } = response?.read(records) ?? noRecords;
          // The API looks for the words anywhere in a name.
          const items = result.Record.filter((one) => one.Type === 'TXT' && one.RR === relative);
          return { items, next: page * pageSize >= total ? null : page + 1 };
        });
        return found.map(({ RecordId, Value }) => ({ id: RecordId, value: Value }));
      },

      add: async (zone, { name, value }, signal) => {
        const query = {
          DomainName: zone.key,
          RR: relativeName(name, zone.name),
          Type: 'TXT',
          Value: value,
          TTL: String(ttl),
        };
        const response = await act('AddDomainRecord', query, new Set(['DomainRecordDuplicate']), signal);
        response?.read(added);
      },

      remove: async (_zone, id, signal) => {
        await act('DeleteDomainRecord', { RecordId: id }, new Set(['DomainRecordNotBelongToUser']), signal);
      },
    });
  },
};

const noRecords: z.output<typeof records> = { TotalCount: 0, DomainRecords: { Record: [] } };

function codeOf(response: ApiResponse): string {
  return response.peek(refusal)?.Code ?? '';
}
