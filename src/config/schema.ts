import * as z from 'zod';
import { DEFAULTS } from './defaults.ts';
import {
  certificateName,
  commandLine,
  directoryUrl,
  namePattern,
  siteSelector,
  windowsFolder,
} from './schema-names.ts';
import {
  filePath,
  listOf,
  name,
  oneOf,
  secretReference,
  section,
  text,
  wholeNumber,
  yesOrNo,
} from './schema-values.ts';

// The shape of everbind.yaml. What depends on more than one value is checked in check-*.ts.

const engine = section(
  {
    concurrency: wholeNumber(1, 64)
      .optional()
      .meta({ description: 'How many certificates are worked on at the same time.', default: DEFAULTS.concurrency }),
  },
  'a mapping with the settings of the engine',
);

const externalAccountBinding = section(
  {
    keyId: text({ expected: 'the key identifier that the CA gave you', max: 1024 }).meta({
      description: 'Key identifier that the CA gave you.',
      examples: ['kid-1'],
    }),
    hmacKey: secretReference().meta({
      description:
        'Reference to the HMAC key (base64url, as the CA gave it), kept sealed by `everbind secret set NAME`. The key itself is refused here.',
      examples: ['secret:zerossl-hmac'],
    }),
  },
  'a mapping with keyId and hmacKey',
);

const pemFiles = (description: string) =>
  listOf(filePath('a PEM file'), 'PEM files', { max: 64 })
    .optional()
    .meta({ description, default: [], examples: [['roots/company-ca.pem']] });

const issuer = section(
  {
    name: name().meta({
      description: 'Name by which certificates refer to this issuer.',
      examples: ['letsencrypt'],
    }),
    directory: directoryUrl().meta({
      description: 'ACME directory, an https URL.',
      examples: ['https://acme-v02.api.letsencrypt.org/directory'],
    }),
    contacts: listOf(
      text({
        expected: 'a mailto: URL with one address, such as mailto:admin@example.com',
        pattern: /^mailto:[^\s,?@]+@[^\s,?@]+$/,
        max: 320,
      }),
      'mailto: URLs',
      { max: 16 },
    )
      .optional()
      .meta({
        description: 'Addresses that the CA may write to.',
        default: [],
        examples: [['mailto:admin@example.com']],
      }),
    termsOfServiceAgreed: yesOrNo()
      .optional()
      .meta({ description: "You agree to the CA's terms of service. Most CAs ask for it.", default: false }),
    accountKey: oneOf(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'])
      .optional()
      .meta({ description: 'Algorithm of a new account key.', default: DEFAULTS.accountKey }),
    externalAccountBinding: externalAccountBinding.optional().meta({
      description: 'Binds the account to one that you have with the CA (RFC 8555 section 7.3.4).',
    }),
    profile: text({
      expected: 'the name of a certificate profile of this CA',
      pattern: /^[\x21-\x7e]+$/,
      max: 64,
    })
      .optional()
      .meta({
        description: "Certificate profile to ask for; the CA's own choice otherwise.",
        examples: ['shortlived'],
      }),
    preferredIssuer: text({ expected: 'the common name of a CA certificate', max: 256 })
      .optional()
      .meta({
        description: 'Where the CA offers several chains, take the one that leads to this common name.',
        examples: ['ISRG Root X1'],
      }),
    trustRoots: pemFiles('Extra roots for the TLS connection to the CA.'),
    certificateRoots: pemFiles(
      'Extra roots that issued certificates may end in, beside those of this machine: for a private CA.',
    ),
    allowInsecureLoopback: yesOrNo()
      .optional()
      .meta({ description: 'Permits a plain http directory on a loopback address: for tests.', default: false }),
  },
  'a mapping that describes an issuer (name, directory, …)',
);

const key = section(
  {
    algorithm: oneOf(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'])
      .optional()
      .meta({ description: 'Algorithm of the certificate key.', default: DEFAULTS.keyAlgorithm }),
    reuse: yesOrNo()
      .optional()
      .meta({ description: 'Keep the same key at each renewal instead of a new one.', default: DEFAULTS.reuseKey }),
  },
  'a mapping with algorithm and reuse',
);

const httpShape = {
  type: z.literal('http-01').meta({ description: 'Control is proved by an answer over HTTP on port 80.' }),
  mode: oneOf(['auto', 'webroot', 'http.sys', 'listener']).optional().meta({
    description:
      'Who answers: files below the root of the IIS site (`webroot`), a URL reservation beside IIS (`http.sys`), a listener of our own (`listener`), or the first of these that works (`auto`).',
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

const dnsShape = {
  type: z.literal('dns-01').meta({ description: 'Control is proved by a TXT record; needed for wildcard names.' }),
  provider: oneOf(['exec']).meta({ description: 'Who writes the record: a program of yours (`exec`).' }),
  command: commandLine().meta({
    description:
      'Program and arguments, run without a shell. It gets the task as JSON on standard input. A relative program path is taken from the folder of this file.',
    examples: [['./hooks/dns.exe', '--zone', 'example.com']],
  }),
  timeoutSeconds: wholeNumber(1, 3600)
    .optional()
    .meta({ description: 'Time limit of one run of the program.', default: DEFAULTS.execTimeoutSeconds }),
};

const CHALLENGE = 'a mapping with type: http-01 or type: dns-01';
const challenge = z.discriminatedUnion(
  'type',
  [section(httpShape, CHALLENGE), section(dnsShape, CHALLENGE)],
  CHALLENGE,
);

const patterns = listOf(namePattern(), 'name patterns', { min: 1, max: 250 }).meta({
  description:
    'Names that this entry is for: a name, an IP address, `*.example.com` for every name below example.com, or `*` for all.',
  examples: [['*.example.com']],
});

const RULE = 'a mapping with names, type and the settings of that challenge';
const challengeRule = z.discriminatedUnion(
  'type',
  [section({ names: patterns, ...httpShape }, RULE), section({ names: patterns, ...dnsShape }, RULE)],
  RULE,
);

const DEPLOYMENT = 'a mapping with type: iis';
const deployment = z.discriminatedUnion(
  'type',
  [
    section(
      {
        type: z.literal('iis').meta({ description: 'Bindings of IIS web sites.' }),
        sites: listOf(siteSelector(), 'sites', {
          min: 1,
          max: 10_000,
        })
          .optional()
          .meta({
            description:
              "Sites whose bindings get the certificate, by name or as `id:NUMBER`. Without it: every site whose bindings fit the certificate's names.",
            examples: [['Shop', 'id:3']],
          }),
        adopt: yesOrNo().optional().meta({
          description:
            'Take over bindings that hold a certificate of somebody else, or none. Without it only bindings that hold an earlier certificate of Everbind are changed. docs/binding-rules.md has the rules.',
          default: DEFAULTS.adopt,
        }),
        store: oneOf(['WebHosting', 'MY']).optional().meta({
          description: 'Certificate store of the machine; `MY` is shown as Personal by Windows.',
          default: DEFAULTS.store,
        }),
        adoptForeignAppIds: listOf(
          text({
            expected: 'an application id, such as "{4dc3e181-e14b-4a21-b022-59fc669b0914}"',
            pattern: /^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$/,
          }),
          'application ids',
          { max: 64 },
        )
          .optional()
          .meta({
            description:
              'Records of http.sys that another program made are left alone, except those with these application ids.',
            default: [],
            examples: [['{214124cd-d05b-4309-9af9-9caa44b2b74a}']],
          }),
      },
      DEPLOYMENT,
    ),
  ],
  DEPLOYMENT,
);

const settings = {
  key: key.optional().meta({ description: 'The private key.' }),
  issuers: listOf(text({ expected: 'the name of an issuer', max: 63 }), 'names of issuers', { min: 1, max: 16 })
    .optional()
    .meta({
      description:
        'Issuers by name, the first choice first; the next one is tried when one fails. May be left out when there is only one issuer.',
      examples: [['letsencrypt', 'zerossl']],
    }),
  challenge: challenge.optional().meta({
    description: 'How control of all names is proved. Without `challenge` and `challenges`: `{ type: http-01 }`.',
  }),
  challenges: listOf(challengeRule, 'challenges', { min: 1, max: 64 })
    .optional()
    .meta({ description: 'In place of `challenge`: one entry for each kind of name. The first entry that fits wins.' }),
  deployments: listOf(deployment, 'deployments', { max: 16 }).optional().meta({
    description:
      'Where the certificate is put to use. Without it: `[{ type: iis }]`. An empty list only obtains the certificate.',
  }),
  keepOld: wholeNumber(0, 10)
    .optional()
    .meta({ description: 'How many old certificates are kept for rollback.', default: DEFAULTS.keepOld }),
};

const certificate = section(
  {
    name: name().meta({ description: 'Name of the managed certificate.', examples: ['shop'] }),
    names: listOf(certificateName(), 'names', { min: 1, max: 250 }).meta({
      description:
        'DNS names and IP addresses of the certificate. `*.example.com` needs dns-01; letters outside ASCII are converted (IDNA).',
      examples: [['shop.example.com', 'www.shop.example.com', '192.0.2.7']],
    }),
    ...settings,
  },
  'a mapping that describes a certificate (name, names, …)',
);

const defaults = section(settings, 'a mapping with the same keys as a certificate, except name and names');

const version = z.literal(1, { error: '1' }).meta({ description: 'Version of the format of this file.' });

/** Parts that are checked one by one, so that one wrong entry hides nothing about the others. */
export const PARTS = { engine, defaults, issuer, certificate } as const;

/** Top level with the lists' entries unchecked. */
export const FRAME = section(
  {
    version,
    engine: z.unknown().optional(),
    issuers: listOf(z.unknown(), 'issuers', { min: 1, max: 64 }),
    defaults: z.unknown().optional(),
    certificates: listOf(z.unknown(), 'certificates', { max: 100_000 }).optional(),
  },
  'a mapping with version, issuers and certificates',
);

/** The whole file; its JSON Schema is made from this. */
export const FILE = section(
  {
    version,
    engine: engine.optional().meta({ description: 'Settings of the engine.' }),
    issuers: listOf(issuer, 'issuers', { min: 1, max: 64 }).meta({ description: 'CAs and the accounts with them.' }),
    defaults: defaults.optional().meta({
      description:
        'Settings of all certificates. A key in a certificate takes the place of the same key here; `key` is merged field by field.',
    }),
    certificates: listOf(certificate, 'certificates', { max: 100_000 })
      .optional()
      .meta({ description: 'Managed certificates.', default: [] }),
  },
  'a mapping with version, issuers and certificates',
);

export type IssuerInput = z.output<typeof issuer>;
export type CertificateInput = z.output<typeof certificate>;
export type SettingsInput = z.output<typeof defaults>;
export type ChallengeInput = z.output<typeof challenge>;
export type ChallengeRuleInput = z.output<typeof challengeRule>;
export type DeploymentInput = z.output<typeof deployment>;
