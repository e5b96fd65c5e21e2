import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { PROVIDERS } from '../../dns/providers/all.ts';
import { commandLine, dnsServer, namePattern, windowsFolder } from './names.ts';
import { listOf, oneOf, providerSettings, section, wholeNumber, yesOrNo } from './values.ts';

const httpShape = {
  type: z.literal('http-01').meta({ description: 'Control is proved by an answer over HTTP on port 80.' }),
  mode: oneOf(['auto', 'webroot', 'http.sys', 'listener']).optional().meta({
    description:
      'Who answers: files below the root of the IIS site (`webroot`), a URL prefix of http.sys, beside IIS (`http.sys`), a listener of our own (`listener`), or whichever of these fits this machine (`auto`).',
    default: DEFAULTS.httpMode,
  }),
  path: windowsFolder()
    .optional()
    .meta({
      description: 'Folder that is served as the root of the site, when it is not the one that IIS has.',
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
      'Control is proved by a certificate of a listener of our own on port 443, where neither IIS nor another program has it.',
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
      description: 'Resolvers that have to see the record as well, after all servers of the zone.',
      default: [],
      examples: [['1.1.1.1', '[2606:4700:4700::1111]:53']],
    });

const dnsPersistShape = {
  type: z.literal('dns-persist-01').meta({
    description:
      'Control is proved by a TXT record that is made once and stays; no credentials. `everbind dns persist` prints it.',
  }),
  publicResolvers: publicResolvers(),
};

const propagation = section(
  {
    timeoutSeconds: wholeNumber(1, 7200).optional().meta({
      description: 'How long the record is looked for before the CA is asked.',
      default: DEFAULTS.propagationTimeoutSeconds,
    }),
    publicResolvers: publicResolvers(),
  },
  'a mapping with timeoutSeconds and publicResolvers',
);

const dnsShape = {
  type: z.literal('dns-01').meta({ description: 'Control is proved by a TXT record; needed for wildcard names.' }),
  provider: oneOf(['exec', ...PROVIDERS.map(({ name }) => name)]).meta({
    description:
      'Who writes the record: a program of yours (`exec`), or a host by its name in [DNS providers](dns-providers.md).',
    examples: ['exec', 'rfc2136'],
  }),
  settings: providerSettings().optional().meta({
    description: 'Settings of the provider; see [DNS providers](dns-providers.md). Secrets as `secret:NAME`.',
  }),
  allowInsecureLoopback: yesOrNo().optional().meta({
    description: 'Allow plain http to an API on this machine.',
    default: false,
  }),
  propagation: propagation.optional().meta({ description: 'How it is seen that the record is there.' }),
  command: commandLine()
    .optional()
    .meta({
      description:
        'With `exec`: program and arguments, run without a shell. It gets the task as JSON on standard input. A relative program path is taken from the folder of this file.',
      examples: [['./hooks/dns.exe', '--zone', 'example.com']],
    }),
  timeoutSeconds: wholeNumber(1, 3600).optional().meta({
    description: 'With `exec`: time limit of one run of the program.',
    default: DEFAULTS.execTimeoutSeconds,
  }),
};

const dnsAccountShape = {
  ...dnsShape,
  type: z.literal('dns-account-01').meta({
    description: 'As `dns-01`, at a record name of its own for each account with a CA.',
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
    description: 'Several challenges in order: the first that can prove a name is taken; when it fails, the next one.',
  }),
  of: listOf(single, 'challenges', { min: 1, max: 8 }).optional().meta({
    description: 'The challenges, each as it would stand under `challenge`. Without it: http-01, then tls-alpn-01.',
  }),
};

const CHALLENGE = 'a mapping with type: http-01, tls-alpn-01, dns-01, dns-account-01, dns-persist-01 or auto';
/** How control of names is proved. */
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
    'Names that this entry is for: a name, an IP address, `*.example.com` for every name below example.com, or `*` for all.',
  examples: [['*.example.com']],
});

const RULE = 'a mapping with names, type and the settings of that challenge';
/** The same for the names that fit its patterns. */
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
