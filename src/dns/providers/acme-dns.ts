import * as z from 'zod';
import { EverbindError } from '../../errors/error.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting } from '../provider-kit/provider-failure.ts';
import { hostApi } from '../provider-kit/api.ts';
import { endpoint, required } from '../provider-kit/settings.ts';

const UPDATED = z.object({ txt: z.string() });

/** A server of joohoi/acme-dns, which serves one TXT name for each account and nothing else. */
export const acmeDns: ProviderDefinition = {
  name: 'acme-dns',
  title: 'acme-dns',
  settings: [
    {
      name: 'endpoint',
      required: true,
      secret: false,
      description: 'Base URL of the server: https, or http to this machine with allowInsecureLoopback.',
      example: 'https://auth.acme-dns.io',
    },
    { name: 'username', required: true, secret: false, description: '`username` of the account, from `/register`.' },
    { name: 'password', required: true, secret: true, description: '`password` of the account.' },
    { name: 'subdomain', required: true, secret: false, description: '`subdomain` of the account.' },
    {
      name: 'fullDomain',
      required: true,
      secret: false,
      description: '`fulldomain` of the account. `_acme-challenge` of each name has to be a CNAME that leads there.',
      example: 'd420c923-bbd7-4056-ab64-c3ca54c9b3cf.auth.acme-dns.io',
    },
  ],
  privilege:
    'An account can change its own name and nothing else. Register one for each name; the server may limit it to addresses (`allowfrom`).',
  testedAgainst: 'double of the documented API',
  documentation: 'https://github.com/joohoi/acme-dns#api',
  create: (settings, { transport, clock }) => {
    const fullDomain = required(settings, 'fullDomain').toLowerCase().replace(/\.$/, '');
    const subdomain = required(settings, 'subdomain');
    const credentials = { 'x-api-user': required(settings, 'username'), 'x-api-key': required(settings, 'password') };
    if (!fullDomain.startsWith(`${subdomain.toLowerCase()}.`)) {
      throw wrongSetting('fullDomain', 'the subdomain and the domain of the server');
    }
    const call = hostApi({
      host: 'acme-dns',
      base: endpoint(settings, required(settings, 'endpoint')),
      transport,
      clock,
      authorize: () => credentials,
    });
    const check = (name: string): void => {
      if (name === fullDomain) return;
      const message = `${name} does not lead to ${fullDomain}: make it a CNAME, or let ${fullDomain} be the account of this name`;
      throw new EverbindError('DNS_ZONE_NOT_FOUND', message, { name, fullDomain });
    };
    return {
      present: async ({ name, value }, signal) => {
        check(name);
        // The server keeps the last two values, which a name and its wildcard need.
        const response = await call({ method: 'POST', path: '/update', json: { subdomain, txt: value } }, signal);
        response.read(UPDATED);
      },
      // The API has no request for it. The next value replaces the oldest.
      cleanUp: () => Promise.resolve(),
      findZone: (name) => Promise.resolve().then(() => (check(name), fullDomain)),
    };
  },
};
