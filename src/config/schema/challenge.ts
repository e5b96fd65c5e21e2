import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { PROVIDERS } from '../../dns/providers/all.ts';
import { commandLine, dnsServer, namePattern, windowsFolder } from './names.ts';
import { listOf, oneOf, providerSettings, section, wholeNumber, yesOrNo } from './values.ts';

const httpShape = {
  type: z.literal('http-01').meta({ description: 'The CA fetches a file over HTTP on port 80.' }),
  mode: oneOf(['auto', 'webroot', 'http.sys', 'listener']).optional().meta({
    description:
      'What responds to the CA: files below the root of the IIS site (`webroot`), a URL prefix of http.sys beside IIS (`http.sys`), a listener of Everbind (`listener`), or whichever of these suits this machine (`auto`).',
    default: DEFAULTS.httpMode,
  }),
  path: windowsFolder()
    .optional()
    .meta({
      description: 'Folder that is served as the root of the site, if it is not the one that IIS has.',
      examples: ['C:\\inetpub\\wwwroot'],
    }),
  port: wholeNumber(1, 65535).optional().meta({
    description: 'Port of this machine that receives what the CA sends to port 80.',
    default: DEFAULTS.httpPort,
  }),
};

const tlsAlpnShape = {
  type: z.literal('tls-alpn-01').meta({
    description:
      'The CA makes a TLS handshake on port 443, with a listener of Everbind. Neither IIS nor another program may use that port.',
  }),
  port: wholeNumber(1, 65535).optional().meta({
    description: 'Port of this machine that receives what the CA sends to port 443.',
    default: DEFAULTS.tlsAlpnPort,
  }),
};

const publicResolvers = () =>
  listOf(dnsServer(), 'addresses', { max: 8 })
    .optional()
    .meta({
      description: 'Resolvers that must also see the record, after all servers of the zone.',
      default: [],
      examples: [['1.1.1.1', '[2606:4700:4700::1111]:53']],
    });

const dnsPersistShape = {
  type: z.literal('dns-persist-01').meta({
    description:
      'The CA looks for a TXT record that is made once and stays. Needs no credentials. `everbind dns persist` prints the record.',
  }),
  publicResolvers: publicResolvers(),
};

const propagation = section(
  {
    timeoutSeconds: wholeNumber(1, 7200).optional().meta({
      description: 'How long to look for the record before the CA is told.',
      default: DEFAULTS.propagationTimeoutSeconds,
    }),
    publicResolvers: publicResolvers(),
  },
  'a mapping with timeoutSeconds and publicResolvers',
);

const dnsShape = {
  type: z
    .literal('dns-01')
    .meta({ description: 'The CA looks for a TXT record. Wildcard names need a challenge by DNS.' }),
  provider: oneOf(['exec', ...PROVIDERS.map(({ name }) => name)]).meta({
    description:
      'What writes the record: a program of yours (`exec`), or a DNS host by its name in [DNS providers](dns-providers.md).',
    examples: ['exec', 'rfc2136'],
  }),
  settings: providerSettings().optional().meta({
    description: 'Settings of the provider; see [DNS providers](dns-providers.md). Secrets as `secret:NAME`.',
  }),
  allowInsecureLoopback: yesOrNo().optional().meta({
    description: 'Allow plain http to an API on this machine.',
    default: false,
  }),
  propagation: propagation.optional().meta({ description: 'How to make sure that the record is visible.' }),
  command: commandLine()
    .optional()
    .meta({
      description:
        'With `exec`: program and arguments, run without a shell. The program gets the task as JSON on standard input. A relative path starts at the folder of this file.',
      examples: [['./hooks/dns.exe', '--zone', 'example.com']],
    }),
  timeoutSeconds: wholeNumber(1, 3600).optional().meta({
    description: 'With `exec`: time limit for one run of the program.',
    default: DEFAULTS.execTimeoutSeconds,
  }),
};

const dnsAccountShape = {
  ...dnsShape,
  type: z.literal('dns-account-01').meta({
    description: 'Like `dns-01`, with a record name of its own for each account with a CA.',
  }),
};

const SINGLE = 'a mapping with type: http-01, tls-alpn-01, dns-01, dns-account-01 or dns-persist-01';
const single = z.discriminatedUnion(
  'type',
  [
    section(httpShape, SINGLE),
    section(tlsAlpnShape, SINGLE),
    section(dnsShape, SINGLE),
    section(dnsAccountShape, SINGLE),
    section(dnsPersistShape, SINGLE),
  ],
  SINGLE,
);

const autoShape = {
  type: z.literal('auto').meta({
    description:
      'Several challenges in order. A name is validated by the first that can; when that fails, by the next one.',
  }),
  of: listOf(single, 'challenges', { min: 1, max: 8 }).optional().meta({
    description: 'The challenges, each as under `challenge`. Without it: http-01, then tls-alpn-01.',
  }),
};

const CHALLENGE = 'a mapping with type: http-01, tls-alpn-01, dns-01, dns-account-01, dns-persist-01 or auto';
/** How names are validated. */
export const challenge = z.discriminatedUnion(
  'type',
  [
    section(httpShape, CHALLENGE),
    section(tlsAlpnShape, CHALLENGE),
    section(dnsShape, CHALLENGE),
    section(dnsAccountShape, CHALLENGE),
    section(dnsPersistShape, CHALLENGE),
    section(autoShape, CHALLENGE),
  ],
  CHALLENGE,
);

const patterns = listOf(namePattern(), 'name patterns', { min: 1, max: 250 }).meta({
  description:
    'Names that this entry applies to: a name, an IP address, `*.example.com` for every name below example.com, or `*` for all.',
  examples: [['*.example.com']],
});

const RULE = 'a mapping with names, type and the settings of that challenge';
/** The same, for names that match its patterns. */
export const challengeRule = z.discriminatedUnion(
  'type',
  [
    section({ names: patterns, ...httpShape }, RULE),
    section({ names: patterns, ...tlsAlpnShape }, RULE),
    section({ names: patterns, ...dnsShape }, RULE),
    section({ names: patterns, ...dnsAccountShape }, RULE),
    section({ names: patterns, ...dnsPersistShape }, RULE),
    section({ names: patterns, ...autoShape }, RULE),
  ],
  RULE,
);

export type SingleChallengeInput = z.output<typeof single>;
export type ChallengeInput = z.output<typeof challenge>;
export type ChallengeRuleInput = z.output<typeof challengeRule>;
