import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { conflict, unusable, wrongSetting, zoneNotFound } from '../provider-kit/provider-failure.ts';
import { type ApiResponse, formBody } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { hostFields, type NamecheapHosts, readHosts, sameHosts } from '../provider-kit/namecheap-hosts.ts';
import { endpoint, endpointSetting, required } from '../provider-kit/settings.ts';
import { unquoteTxt } from '../provider-kit/txt-text.ts';
import { nodesAt, parseXml, type XmlNode } from '../provider-kit/xml.ts';
import { registeredDomain, relativeName } from '../provider-kit/zones.ts';

const base = 'https://api.namecheap.com/xml.response';
/** The lowest that the API takes. */
const ttl = '60';

/** https://www.namecheap.com/support/api/error-codes/ */
const noZone = new Set(['2016166', '2019166', '2030288']);
const tooMany = new Set(['500000']);
/** Parameters and state of user, key and address. */
const badCredentials = /^(101|1030408|10171)/;

interface Domain {
  readonly name: string;
  readonly SLD: string;
  readonly TLD: string;
}

export const namecheap: ProviderDefinition = {
  name: 'namecheap',
  title: 'Namecheap',
  settings: [
    { name: 'apiUser', required: true, secret: false, description: 'User name that has API access.' },
    { name: 'apiKey', required: true, secret: true, description: 'API key of that user.' },
    {
      name: 'clientIp',
      required: true,
      secret: false,
      description: 'Public IPv4 address of this server, as it stands in the list of addresses that may use the API.',
      example: '192.0.2.10',
    },
    endpointSetting(base),
  ],
  privilege:
    'The API key can do everything in the account. Each change replaces all records of the domain, since the API has no other way: what cannot be kept as it is makes it refuse before anything is changed, and nothing else may edit the domain meanwhile. Delegating the challenge name to a domain of its own is much safer.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/',
  create: (settings, { transport, clock, inTurn }) => {
    const host = 'Namecheap';
    const user = required(settings, 'apiUser');
    const common = { ApiUser: user, ApiKey: required(settings, 'apiKey'), UserName: user };
    const ClientIp = required(settings, 'clientIp');
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(ClientIp)) throw wrongSetting('clientIp', 'an IPv4 address');
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      explain: (response) => {
        const number = errorNumber(parseXml(response.text())) ?? '';
        if (badCredentials.test(number)) return 'credentials';
        return tooMany.has(number) ? 'rate' : null;
      },
    });

    /** The result of a command; null where there is no such domain. Failures have status 200. */
    async function run(
      command: string,
      result: string,
      fields: Readonly<Record<string, string>>,
      signal?: AbortSignal,
    ): Promise<{ readonly node: XmlNode; readonly response: ApiResponse } | null> {
      // The key is in the body, since many proxies log the addresses of requests.
      const form = formBody({ ...common, ClientIp, Command: `namecheap.domains.dns.${command}`, ...fields });
      const response = await call({ method: 'POST', path: '', ...form }, signal);
      const document = parseXml(response.text());
      const number = errorNumber(document);
      if (number !== null && noZone.has(number)) return null;
      if (number !== null) throw response.failure();
      const [node] = document?.name === 'ApiResponse' ? nodesAt(document, 'CommandResponse', result) : [];
      if (node === undefined) throw unusable(host, `there is no ${result}`, response.status);
      return { node, response };
    }

    async function read(domain: Domain, name: string, signal?: AbortSignal): Promise<NamecheapHosts> {
      const { SLD, TLD } = domain;
      const result = await run('getHosts', 'DomainDNSGetHostsResult', { SLD, TLD }, signal);
      if (result === null || result.node.attributes['IsUsingOurDNS'] === 'false') throw zoneNotFound(host, name);
      return readHosts(host, domain.name, result.node, result.response.status);
    }

    function domainOf(name: string): Domain {
      const registered = registeredDomain(name);
      if (registered === null) throw zoneNotFound(host, name);
      const { label, suffix } = registered;
      return { name: `${label}.${suffix}`, SLD: label, TLD: suffix };
    }

    async function change(
      record: TxtRecord,
      decide: (before: NamecheapHosts, relative: string) => NamecheapHosts | null,
      signal?: AbortSignal,
    ): Promise<void> {
      const domain = domainOf(record.name);
      await inTurn(`namecheap ${domain.name}`, async () => {
        const wanted = decide(await read(domain, record.name, signal), relativeName(record.name, domain.name));
        if (wanted === null) return;
        const { SLD, TLD } = domain;
        const fields = { SLD, TLD, ...hostFields(wanted) };
        const result = await run('setHosts', 'DomainDNSSetHostsResult', fields, signal);
        if (result === null) throw zoneNotFound(host, record.name);
        if (result.node.attributes['IsSuccess'] !== 'true') throw result.response.failure();
        // The request replaced all records: make sure that all are there.
        if (!sameHosts(await read(domain, record.name, signal), wanted)) throw conflict(domain.name, 1);
      });
    }

    const provider: DnsProvider = {
      present: (record, signal) =>
        change(
          record,
          (before, relative) => {
            if (before.hosts.some((one) => isValue(one, relative, record.value))) return null;
            const added = { Name: relative, Type: 'TXT', Address: record.value, MXPref: '10', TTL: ttl };
            return { ...before, hosts: [...before.hosts, added] };
          },
          signal,
        ),
      cleanUp: (record, signal) =>
        change(
          record,
          (before, relative) => {
            const hosts = before.hosts.filter((one) => !isValue(one, relative, record.value));
            return hosts.length === before.hosts.length ? null : { ...before, hosts };
          },
          signal,
        ),
      findZone: async (name, signal) => {
        const domain = domainOf(name);
        await read(domain, name, signal);
        return domain.name;
      },
    };
    return provider;
  },
};

function isValue(one: NamecheapHosts['hosts'][number], relative: string, value: string): boolean {
  return one.Type === 'TXT' && one.Name.toLowerCase() === relative && unquoteTxt(one.Address) === value;
}

function errorNumber(document: XmlNode | null): string | null {
  if (document?.name !== 'ApiResponse' || document.attributes['Status'] === 'OK') return null;
  return nodesAt(document, 'Errors', 'Error')[0]?.attributes['Number'] ?? '';
}
