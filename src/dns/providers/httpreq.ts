import type { TxtRecord } from '../../ports/dns-provider.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting } from '../provider-kit/provider-failure.ts';
import { hostApi } from '../provider-kit/api.ts';
import { endpoint, optional, required } from '../provider-kit/settings.ts';
import { zoneCandidates } from '../provider-kit/zones.ts';

/** A service of the operator's own that follows lego's convention: POST /present and /cleanup. */
export const httpreq: ProviderDefinition = {
  name: 'httpreq',
  title: 'HTTP request to a service of yours',
  settings: [
    {
      name: 'endpoint',
      required: true,
      secret: false,
      description:
        'Base URL; `/present` and `/cleanup` are below it. https, or http to this machine with allowInsecureLoopback.',
      example: 'https://acme-dns.example.com/hook',
    },
    {
      name: 'mode',
      required: false,
      secret: false,
      description: 'What is sent: `default` for `fqdn` and `value`, `RAW` for `domain`, `token` and `keyAuth`.',
      default: 'default',
    },
    { name: 'username', required: false, secret: false, description: 'For basic authentication, with password.' },
    { name: 'password', required: false, secret: true, description: 'For basic authentication, with username.' },
  ],
  privilege: 'Whatever the service asks for; let it change TXT records of `_acme-challenge` names only.',
  testedAgainst: 'double of the documented API',
  documentation: 'https://go-acme.github.io/lego/dns/httpreq/',
  create: (settings, { transport, clock }) => {
    const mode = optional(settings, 'mode')?.toLowerCase() ?? 'default';
    if (mode !== 'default' && mode !== 'raw') throw wrongSetting('mode', 'default or RAW');
    const username = optional(settings, 'username');
    const password = optional(settings, 'password');
    if ((username === null) !== (password === null)) {
      throw wrongSetting(username === null ? 'username' : 'password', 'given, though the other one is');
    }
    const basic = username === null ? null : Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    const call = hostApi({
      host: 'the DNS service',
      base: endpoint(settings, required(settings, 'endpoint')),
      transport,
      clock,
      authorize: () => (basic === null ? {} : { authorization: `Basic ${basic}` }),
    });
    const message = ({ name, value, challenge }: TxtRecord): Readonly<Record<string, string>> =>
      mode === 'default' || challenge === undefined
        ? { fqdn: `${name}.`, value }
        : { domain: challenge.domain, token: challenge.token, keyAuth: challenge.keyAuthorization };
    const post = async (path: string, record: TxtRecord, signal?: AbortSignal): Promise<void> => {
      await call({ method: 'POST', path, json: message(record) }, signal);
    };
    return {
      present: (record, signal) => post('/present', record, signal),
      cleanUp: (record, signal) => post('/cleanup', record, signal),
      // Only the service knows the zone.
      findZone: (name) => Promise.resolve(zoneCandidates(name).at(-1) ?? name),
    };
  },
};
