import * as z from 'zod';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import type { ApiResponse } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { allPages } from '../provider-kit/pages.ts';
import { recordProvider } from '../provider-kit/records.ts';
import { endpoint, endpointSetting, required } from '../provider-kit/settings.ts';
import { signTencent } from '../../cloud/tencent-signature.ts';
import { relativeName, walkUp } from '../provider-kit/zones.ts';

const base = 'https://dnspod.tencentcloudapi.com';
/** The lowest that the free edition allows. */
const ttl = 600;
const limit = 3000;

const domain = z.object({ Response: z.object({ DomainInfo: z.object({ Domain: z.string() }) }) });
const records = z.object({
  Response: z.object({
    RecordList: z.array(
      z.object({ RecordId: z.int().positive(), Name: z.string(), Type: z.string(), Value: z.string() }),
    ),
  }),
});
const done = z.object({ Response: z.object({ RequestId: z.string() }) });
const refusal = z.object({ Response: z.object({ Error: z.object({ Code: z.string() }) }) });

const noZone = new Set([
  'InvalidParameter.DomainInvalid',
  'InvalidParameterValue.DomainNotExists',
  'ResourceNotFound.NoDataOfDomain',
]);

export const tencent: ProviderDefinition = {
  name: 'tencent',
  title: 'Tencent Cloud DNSPod',
  settings: [
    { name: 'secretId', required: true, secret: false, description: 'SecretId of a sub-account.' },
    { name: 'secretKey', required: true, secret: true, description: 'SecretKey that belongs to it.' },
    endpointSetting(base),
  ],
  privilege:
    'CAM policy with dnspod:DescribeDomain, dnspod:DescribeRecordList, dnspod:CreateRecord and dnspod:DeleteRecord on qcs::dnspod::uin/UIN:domain/DOMAINID, for the one zone.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://www.tencentcloud.com/document/product/1278',
  create: (settings, { transport, clock }) => {
    const host = 'Tencent Cloud DNSPod';
    const credentials = { secretId: required(settings, 'secretId'), secretKey: required(settings, 'secretKey') };
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: (request) => signTencent(request, credentials, 'dnspod', clock.now()),
      explain: (response) => {
        const code = codeOf(response) ?? '';
        if (/^(AuthFailure|UnauthorizedOperation)/.test(code)) return 'credentials';
        return /^(RequestLimitExceeded|LimitExceeded\.RequestLimitExceeded)/.test(code) ? 'rate' : null;
      },
    });

    /** The response to an action; null where it failed with one of the codes. Failures have status 200. */
    async function act(
      action: string,
      json: Readonly<Record<string, unknown>>,
      expected: ReadonlySet<string>,
      signal?: AbortSignal,
    ): Promise<ApiResponse | null> {
      const headers = { 'x-tc-action': action, 'x-tc-version': '2021-03-23' };
      const response = await call({ method: 'POST', path: '/', headers, json }, signal);
      const code = codeOf(response);
      if (code === null) return response;
      if (expected.has(code)) return null;
      throw response.failure();
    }

    return recordProvider<string>({
      zoneOf: (name, signal) =>
        walkUp(host, name, async (candidate) => {
          const response = await act('DescribeDomain', { Domain: candidate }, noZone, signal);
          return response?.read(domain).Response.DomainInfo.Domain ?? null;
        }),

      list: async (zone, name, signal) => {
        const relative = relativeName(name, zone.name);
        const query = { Domain: zone.key, Subdomain: relative, RecordType: 'TXT', Limit: limit };
        const found = await allPages(host, 0, async (offset) => {
          const none = new Set(['ResourceNotFound.NoDataOfRecord']);
          const response = await act('DescribeRecordList', { ...query, Offset: offset }, none, signal);
          const page = response?.read(records).Response.RecordList ?? [];
          const items = page.filter((one) => one.Type === 'TXT' && one.Name === relative);
          return { items, next: page.length < limit ? null : offset + limit };
        });
        return found.map(({ RecordId, Value }) => ({ id: String(RecordId), value: Value }));
      },

      add: async (zone, { name, value }, signal) => {
        const json = {
          Domain: zone.key,
          SubDomain: relativeName(name, zone.name),
          RecordType: 'TXT',
          // The line for all clients, by its only documented name.
          RecordLine: '默认',
          Value: value,
          TTL: ttl,
        };
        const exists = new Set(['InvalidParameter.DomainRecordExist']);
        (await act('CreateRecord', json, exists, signal))?.read(done);
      },

      remove: async (zone, id, signal) => {
        const gone = new Set(['ResourceNotFound.NoDataOfRecord', 'InvalidParameter.RecordIdInvalid']);
        const json = { Domain: zone.key, RecordId: Number(id) };
        (await act('DeleteRecord', json, gone, signal))?.read(done);
      },
    });
  },
};

function codeOf(response: ApiResponse): string | null {
  return response.peek(refusal)?.Response.Error.Code ?? null;
}
