import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { awsCredentials } from '../../cloud/aws-credentials.ts';
import { DNS_CODES, unusable, wrongSetting } from '../provider-kit/provider-failure.ts';
import type { ApiResponse } from '../../cloud/api.ts';
import { hostApi } from '../provider-kit/api.ts';
import { poll } from '../provider-kit/poll.ts';
import { type RecordSet, recordSetProvider } from '../provider-kit/rrset.ts';
import { endpoint, endpointSetting, optional, required } from '../provider-kit/settings.ts';
import { signAws } from '../../cloud/aws-signature.ts';
import { escapeXml, nodesAt, parseXml, textAt, type XmlNode } from '../provider-kit/xml.ts';
import { givenZone, walkUp, type Zone } from '../provider-kit/zones.ts';

const base = 'https://route53.amazonaws.com';
const api = '/2013-04-01';
const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';
const ttl = 10;

/** Route 53 has one endpoint, there, whatever the region of the machine. */
const scope = { region: 'us-east-1', service: 'route53' };

const refusals: Readonly<Record<string, 'credentials' | 'rate'>> = {
  IncompleteSignature: 'credentials',
  InvalidClientTokenId: 'credentials',
  ExpiredToken: 'credentials',
  Throttling: 'rate',
  ThrottlingException: 'rate',
  PriorRequestNotComplete: 'rate',
};

export const route53: ProviderDefinition = {
  name: 'route53',
  title: 'Amazon Route 53',
  settings: [
    {
      name: 'accessKeyId',
      required: false,
      secret: false,
      description: 'Access key ID; without one the role of the EC2 instance is used.',
      example: 'AKIAIOSFODNN7EXAMPLE',
    },
    { name: 'secretAccessKey', required: false, secret: true, description: 'Secret access key that belongs to it.' },
    { name: 'sessionToken', required: false, secret: true, description: 'Session token of temporary credentials.' },
    {
      name: 'hostedZoneId',
      required: false,
      secret: false,
      description: 'The hosted zone, where it is not to be looked for, or several public ones have the same name.',
      example: 'Z0123456789ABCDEFGHIJ',
    },
    endpointSetting(base),
  ],
  privilege:
    'The IAM policy in examples/route53-policy.json: finding the zone, reading it, GetChange, and ChangeResourceRecordSets on the one zone with the conditions ChangeResourceRecordSetsRecordTypes TXT, ChangeResourceRecordSetsActions CREATE and DELETE, ChangeResourceRecordSetsNormalizedRecordNames _acme-challenge.*. A name that a CNAME leads to needs a condition of its own.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://docs.aws.amazon.com/Route53/latest/APIReference/Welcome.html',
  create: (settings, parts) => {
    const { transport, clock, inTurn } = parts;
    const host = 'Route 53';
    const hostedZoneId = optional(settings, 'hostedZoneId');
    if (hostedZoneId !== null && !/^[A-Z0-9]{1,32}$/.test(hostedZoneId)) throw wrongSetting('hostedZoneId', 'an ID');
    const isGiven = optional(settings, 'accessKeyId') !== null || optional(settings, 'secretAccessKey') !== null;
    const keys = isGiven
      ? {
          accessKeyId: required(settings, 'accessKeyId'),
          secretAccessKey: required(settings, 'secretAccessKey'),
          sessionToken: optional(settings, 'sessionToken'),
        }
      : null;
    const credentials = awsCredentials(keys, { ...parts, codes: DNS_CODES });
    const call = hostApi({
      host,
      base: endpoint(settings, base),
      transport,
      clock,
      authorize: async (request, signal) => signAws(request, await credentials(signal), scope, clock.now()),
      explain: (response) => refusals[errorCode(response) ?? ''] ?? null,
    });
    /** By name, the change that must be carried out before its record can be seen. */
    const changes = new Map<string, string>();

    function xml(response: ApiResponse, root: string): XmlNode {
      const document = parseXml(response.text());
      if (document?.name !== root) throw unusable(host, `there is no ${root}`, response.status);
      return document;
    }

    async function searchZone(name: string, signal?: AbortSignal): Promise<Zone<string>> {
      return walkUp(host, name, async (candidate) => {
        const query = { dnsname: candidate, maxitems: '100' };
        const response = await call({ method: 'GET', path: `${api}/hostedzonesbyname`, query }, signal);
        const listed = nodesAt(xml(response, 'ListHostedZonesByNameResponse'), 'HostedZones', 'HostedZone');
        const found = listed.filter(
          (zone) => textAt(zone, 'Name') === `${candidate}.` && textAt(zone, 'Config', 'PrivateZone') !== 'true',
        );
        if (found.length > 1) throw wrongSetting('hostedZoneId', `given; ${candidate} has several public zones`);
        return found[0] === undefined ? null : (textAt(found[0], 'Id') ?? '').replace('/hostedzone/', '');
      });
    }

    async function zoneWithId(id: string, name: string, signal?: AbortSignal): Promise<Zone<string>> {
      const response = await call({ method: 'GET', path: `${api}/hostedzone/${id}`, expect: [404] }, signal);
      if (response.status === 404) return givenZone<string>(host, name, null);
      const zone = (textAt(xml(response, 'GetHostedZoneResponse'), 'HostedZone', 'Name') ?? '').replace(/\.$/, '');
      return givenZone(host, name, { name: zone, key: id });
    }

    const provider = recordSetProvider<string>(
      {
        zoneOf: (name, signal) =>
          hostedZoneId === null ? searchZone(name, signal) : zoneWithId(hostedZoneId, name, signal),

        read: async (zone, name, signal) => {
          const query = { name: `${name}.`, type: 'TXT', maxitems: '1' };
          const response = await call({ method: 'GET', path: `${api}/hostedzone/${zone.key}/rrset`, query }, signal);
          const document = xml(response, 'ListResourceRecordSetsResponse');
          // The list begins at the name and goes on with the names after it.
          const [set] = nodesAt(document, 'ResourceRecordSets', 'ResourceRecordSet');
          const isIt = set !== undefined && textAt(set, 'Name') === `${name}.` && textAt(set, 'Type') === 'TXT';
          if (!isIt) return { values: [], ttl: null };
          const isSimple = textAt(set, 'SetIdentifier') === null && nodesAt(set, 'AliasTarget').length === 0;
          if (!isSimple) {
            throw unusable(host, 'the TXT records are an alias or have a routing policy', response.status);
          }
          const values = nodesAt(set, 'ResourceRecords', 'ResourceRecord').map((one) => textAt(one, 'Value') ?? '');
          return { values, ttl: Number(textAt(set, 'TTL')) };
        },

        // A deletion must name exactly what is there, and the API makes both changes or none, so that no other writer's
        // change is lost.
        write: async ({ zone, name, values, before }, signal) => {
          const set = { values, ttl: before.ttl ?? ttl };
          const batch = [
            before.values.length === 0 ? '' : changeXml('DELETE', name, before),
            values.length === 0 ? '' : changeXml('CREATE', name, set),
          ].join('');
          const body = `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="${namespace}"><ChangeBatch><Changes>${batch}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
          const response = await call(
            {
              method: 'POST',
              path: `${api}/hostedzone/${zone.key}/rrset/`,
              headers: { 'content-type': 'application/xml' },
              body,
              expect: [400],
            },
            signal,
          );
          if (response.status === 400) {
            if (errorCode(response) === 'InvalidChangeBatch') return 'conflict';
            throw response.failure();
          }
          const id = textAt(xml(response, 'ChangeResourceRecordSetsResponse'), 'ChangeInfo', 'Id') ?? '';
          if (!/^\/change\/\w{1,64}$/.test(id)) throw unusable(host, 'there is no change', response.status);
          changes.set(name, id);
          return 'written';
        },
      },
      inTurn,
    );

    return {
      ...provider,
      wait: async ({ name }, signal) => {
        const id = changes.get(name);
        if (id === undefined) return;
        const inSync = async (): Promise<boolean> => {
          const response = await call({ method: 'GET', path: `${api}${id}` }, signal);
          return textAt(xml(response, 'GetChangeResponse'), 'ChangeInfo', 'Status') === 'INSYNC';
        };
        await poll(host, clock, inSync, signal);
        changes.delete(name);
      },
    };
  },
};

function changeXml(action: 'CREATE' | 'DELETE', name: string, { values, ttl }: RecordSet): string {
  const records = values.map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`);
  return `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}.</Name><Type>TXT</Type><TTL>${ttl}</TTL><ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet></Change>`;
}

function errorCode(response: ApiResponse): string | null {
  const document = parseXml(response.text());
  if (document === null) return null;
  return document.name === 'ErrorResponse' ? textAt(document, 'Error', 'Code') : document.name;
}
