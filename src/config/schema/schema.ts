import * as z from 'zod';
import type { DeploymentCatalogue } from '../../deploy/catalogue.ts';
import { DEFAULTS } from '../defaults.ts';
import { CERTIFICATE_KEY_ALGORITHMS } from '../key-algorithms.ts';
import { challenge, challengeRule } from './challenge.ts';
import { issuer } from './issuer.ts';
import { certificateName } from './names.ts';
import * as values from './values.ts';
import { keyProvider, listOf, name, oneOf, section, text, wholeNumber, yesOrNo } from './values.ts';

// The shape of everbind.yaml. ../check/ checks what depends on more than one value.

const engine = section(
  {
    concurrency: wholeNumber(1, 64).optional().meta({
      description: 'How many certificates are renewed at the same time with one issuer.',
      default: DEFAULTS.concurrency,
    }),
  },
  'a mapping with the settings of the engine',
);

const key = section(
  {
    algorithm: oneOf(CERTIFICATE_KEY_ALGORITHMS)
      .optional()
      .meta({ description: 'Algorithm of the certificate key.', default: DEFAULTS.keyAlgorithm }),
    provider: keyProvider()
      .optional()
      .meta({
        description:
          'Where the key is made and kept. `software`: sealed in the database. `cng`: the Microsoft Software Key Storage Provider; the default on Windows. Any other key storage provider by its name: a TPM or an HSM. Elsewhere the default is `software`. See docs/custody.md.',
        examples: ['cng', 'Microsoft Platform Crypto Provider'],
      }),
    reuse: yesOrNo()
      .optional()
      .meta({ description: 'Keep the same key at each renewal instead of a new one.', default: DEFAULTS.reuseKey }),
  },
  'a mapping with algorithm, provider and reuse',
);

/** When a certificate is renewed. */
const maintenance = section(
  {
    timeZone: text({ expected: 'the name of a time zone, such as Europe/Berlin', max: 64 }).meta({
      description: 'Time zone of the windows and days, by its IANA name.',
      examples: ['Europe/Berlin'],
    }),
    windows: listOf(text({ expected: 'a window, such as "Sat,Sun 02:00-05:00"', max: 100 }), 'windows', { max: 32 })
      .optional()
      .meta({
        description:
          'When renewals may happen: days (`Mon-Fri`, `Sat,Sun`, `Sat#2` for the second of the month, `*`), a blank, and from when to when. Without it: at any time.',
        examples: [['Mon-Fri 22:00-04:00', 'Sat#2 01:00-05:00']],
      }),
    freezes: listOf(text({ expected: 'first and last day, such as 2026-12-18..2027-01-06', max: 40 }), 'freezes', {
      max: 64,
    })
      .optional()
      .meta({
        description: 'Days on which nothing is changed, both included.',
        examples: [['2026-12-18..2027-01-06']],
      }),
  },
  'a mapping with timeZone, windows and freezes',
);

/** A mapping with `type` and the settings of that type in the catalogue. */
function deploymentSchema(catalogue: DeploymentCatalogue): z.ZodType<{ readonly type: string }> {
  const expected = `a mapping with type: ${[...catalogue.keys()].join(' or ')}`;
  const [first, ...others] = [...catalogue.values()].map((type) => {
    const { description } = type;
    return section({ type: z.literal(type.type).meta({ description }), ...type.settings(values) }, expected);
  });
  if (first === undefined) throw new Error('the catalogue of deployments is empty');
  return z.discriminatedUnion('type', [first, ...others], expected);
}

const settingsWith = (catalogue: DeploymentCatalogue) => ({
  key: key.optional().meta({ description: 'The private key.' }),
  issuers: listOf(text({ expected: 'the name of an issuer', max: 63 }), 'names of issuers', { min: 1, max: 16 })
    .optional()
    .meta({
      description:
        'Issuers by name, the first choice first. When one does not work or refuses, the next one is tried. May be omitted when there is only one issuer.',
      examples: [['letsencrypt', 'zerossl']],
    }),
  challenge: challenge.optional().meta({
    description: 'How all names are validated. Without `challenge` and `challenges`: `{ type: http-01 }`.',
  }),
  challenges: listOf(challengeRule, 'challenges', { min: 1, max: 64 }).optional().meta({
    description: 'Instead of `challenge`: one entry for each kind of name. The first entry that matches a name wins.',
  }),
  deployments: listOf(deploymentSchema(catalogue), 'deployments', { max: 16 }).optional().meta({
    description:
      'Where the certificate is deployed. Without it: `[{ type: iis }]`. With an empty list the certificate is only obtained.',
  }),
  maintenance: maintenance.optional().meta({
    description:
      'When renewals may happen. A renewal that would otherwise come too late happens anyway, and so does one that a person asks for.',
  }),
  keepOld: wholeNumber(0, 10)
    .optional()
    .meta({ description: 'How many old certificates are kept for rollback.', default: DEFAULTS.keepOld }),
});

const names = {
  name: name().meta({ description: 'Name of the managed certificate.', examples: ['shop'] }),
  names: listOf(certificateName(), 'names', { min: 1, max: 250 }).meta({
    description:
      'DNS names and IP addresses of the certificate. `*.example.com` needs a challenge by DNS; letters outside ASCII are converted (IDNA).',
    examples: [['shop.example.com', 'www.shop.example.com', '192.0.2.7']],
  }),
};

const version = z.literal(1, { error: '1' }).meta({ description: 'Version of the format of this file.' });

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

function makeParts(catalogue: DeploymentCatalogue) {
  const settings = settingsWith(catalogue);
  return {
    engine,
    issuer,
    defaults: section(settings, 'a mapping with the same keys as a certificate, except name and names'),
    certificate: section({ ...names, ...settings }, 'a mapping that describes a certificate (name, names, …)'),
  };
}

type Parts = ReturnType<typeof makeParts>;

const made = new WeakMap<DeploymentCatalogue, Parts>();

/** Parts that are checked one by one, so that one wrong entry hides nothing about the others. */
export function partsOf(catalogue: DeploymentCatalogue): Parts {
  const parts = made.get(catalogue) ?? makeParts(catalogue);
  made.set(catalogue, parts);
  return parts;
}

/** The whole file; its JSON Schema is made from this. */
export function fileSchema(catalogue: DeploymentCatalogue) {
  const { defaults, certificate } = partsOf(catalogue);
  return section(
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
}

export type CertificateInput = z.output<Parts['certificate']>;
export type SettingsInput = z.output<Parts['defaults']>;
