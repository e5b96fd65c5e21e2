import type { DnsWorld } from './dns-world.ts';

/** A certificate of the interop run, and how its renewal has to end. */
export interface DnsCase {
  readonly name: string;
  readonly what: string;
  readonly names: readonly string[];
  /** In everbind.yaml, as JSON, which is YAML. */
  readonly challenges: readonly Readonly<Record<string, unknown>>[];
  /** Code of the failure, and a word that its message must have; null when it has to be issued. */
  readonly fails: { readonly code: string; readonly says: string } | null;
}

/** Names of the secrets that the cases refer to, and their values. */
export function secretsOf({ keys, api }: DnsWorld): Readonly<Record<string, string>> {
  const base64 = (key: { readonly secret: Uint8Array }): string => Buffer.from(key.secret).toString('base64');
  return {
    'bind-tsig': base64(keys.bind),
    'knot-tsig': base64(keys.knot),
    'pdns-tsig': base64(keys.powerdns),
    'wrong-tsig': Buffer.from('this is the key of somebody else').toString('base64'),
    'pdns-api': api.key,
    'wrong-api': 'no-such-api-key',
  };
}

export function dnsCases(world: DnsWorld): readonly DnsCase[] {
  const { servers, keys, api } = world;
  const update = (
    server: string,
    key: keyof DnsWorld['keys'],
    more: Readonly<Record<string, unknown>> = {},
    settings: Readonly<Record<string, unknown>> = {},
  ) => ({
    names: ['*'],
    type: 'dns-01',
    provider: 'rfc2136',
    settings: {
      server,
      keyName: keys[key].name,
      keyAlgorithm: keys[key].algorithm,
      keySecret: `secret:${{ bind: 'bind', knot: 'knot', powerdns: 'pdns' }[key]}-tsig`,
      ...settings,
    },
    ...more,
  });
  const bind = update(servers.bind, 'bind');
  const knot = update(servers.knot, 'knot');
  const pdnsApi = {
    names: ['*'],
    type: 'dns-01',
    provider: 'powerdns',
    settings: { endpoint: api.endpoint, apiKey: 'secret:pdns-api' },
    allowInsecureLoopback: true,
  };
  const seen = { propagation: { timeoutSeconds: 60, publicResolvers: [world.resolver] } };
  return [
    {
      name: 'bind',
      what: 'BIND by TSIG, IPv4 and IPv6: a name, its wildcard, others',
      names: ['bind.test', '*.bind.test', 'www.bind.test', '*.deep.www.bind.test'],
      challenges: [{ ...bind, ...seen }],
      fails: null,
    },
    {
      name: 'knot',
      what: 'Knot DNS by TSIG: a name, its wildcard, others',
      names: ['knot.test', '*.knot.test', 'www.knot.test'],
      challenges: [knot],
      fails: null,
    },
    {
      name: 'knot-tcp',
      what: 'Knot DNS over TCP',
      names: ['tcp.knot.test'],
      challenges: [update(servers.knot, 'knot', {}, { transport: 'tcp', zone: 'knot.test', ttl: 30 })],
      fails: null,
    },
    {
      name: 'pdns-api',
      what: 'PowerDNS by its API: a name, its wildcard, others',
      names: ['pdns.test', '*.pdns.test', 'www.pdns.test'],
      challenges: [pdnsApi],
      fails: null,
    },
    {
      name: 'pdns-update',
      what: 'PowerDNS by TSIG',
      names: ['update.pdns.test', '*.update.pdns.test'],
      challenges: [update(servers.powerdns, 'powerdns')],
      fails: null,
    },
    {
      name: 'delegated',
      what: 'delegation: names in BIND, records in Knot DNS',
      names: ['shop.bind.test', '*.shop.bind.test'],
      challenges: [knot],
      fails: null,
    },
    {
      name: 'mixed',
      what: 'one certificate over three hosts',
      names: ['mixed.bind.test', '*.mixed.knot.test', 'mixed.pdns.test'],
      challenges: [
        { ...bind, names: ['*.bind.test'] },
        { ...knot, names: ['*.knot.test'] },
        { ...pdnsApi, names: ['*.pdns.test'] },
      ],
      fails: null,
    },
    ...(world.ipv6
      ? [
          {
            name: 'v6',
            what: 'a zone whose only server has IPv6 alone',
            names: ['v6.test'],
            challenges: [update(servers.v6, 'bind')],
            fails: null,
          },
        ]
      : []),
    {
      name: 'tcp-only',
      what: 'a server that drops UDP',
      names: ['tcp.test'],
      challenges: [update(servers.tcpOnly, 'bind')],
      fails: null,
    },
    {
      name: 'lagging',
      what: 'a secondary that lags is named',
      names: ['lag.test', '*.lag.test'],
      challenges: [{ ...bind, propagation: { timeoutSeconds: 2 } }],
      fails: { code: 'CHALLENGE_SELF_CHECK_FAILED', says: 'ns2.lag.test' },
    },
    {
      name: 'wrong-key-bind',
      what: 'a wrong TSIG key at BIND',
      names: ['wrong.bind.test'],
      challenges: [update(servers.bind, 'bind', {}, { keySecret: 'secret:wrong-tsig' })],
      fails: { code: 'DNS_CREDENTIALS_REFUSED', says: 'BADSIG' },
    },
    {
      name: 'unknown-key-knot',
      what: 'an unknown TSIG key at Knot DNS',
      names: ['wrong.knot.test'],
      challenges: [update(servers.knot, 'knot', {}, { keyName: 'nobody' })],
      fails: { code: 'DNS_CREDENTIALS_REFUSED', says: 'BADKEY' },
    },
    {
      name: 'wrong-key-pdns',
      what: 'a wrong API key at PowerDNS',
      names: ['wrong.pdns.test'],
      challenges: [{ ...pdnsApi, settings: { ...pdnsApi.settings, apiKey: 'secret:wrong-api' } }],
      fails: { code: 'DNS_CREDENTIALS_REFUSED', says: 'PowerDNS' },
    },
    {
      name: 'closed',
      what: 'a zone that the key may not update',
      names: ['closed.test'],
      challenges: [bind],
      fails: { code: 'DNS_CREDENTIALS_REFUSED', says: 'policy' },
    },
    {
      name: 'elsewhere',
      what: 'a zone that the server does not have',
      names: ['elsewhere.knot.test'],
      challenges: [pdnsApi],
      fails: { code: 'DNS_ZONE_NOT_FOUND', says: 'PowerDNS' },
    },
    {
      name: 'loop',
      what: 'a delegation that leads in a circle',
      names: ['loop.bind.test'],
      challenges: [bind],
      fails: { code: 'DNS_DELEGATION_LOOP', says: 'in a circle' },
    },
  ];
}
