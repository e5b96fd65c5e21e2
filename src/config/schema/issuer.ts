import type * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { directoryUrl, stagingUrl } from './names.ts';
import { filePath, listOf, name, oneOf, secretReference, section, text, wholeNumber, yesOrNo } from './values.ts';

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
    algorithm: oneOf(['HS256', 'HS384', 'HS512']).optional().meta({
      description: 'MAC algorithm that the CA wants (RFC 7518 section 3.2).',
      default: DEFAULTS.macAlgorithm,
    }),
  },
  'a mapping with keyId and hmacKey',
);

const pemFiles = (description: string) =>
  listOf(filePath('a PEM file'), 'PEM files', { max: 64 })
    .optional()
    .meta({ description, default: [], examples: [['roots/company-ca.pem']] });

const limit = (description: string) =>
  section(
    {
      count: wholeNumber(1, 1_000_000).meta({
        description: 'How many may come at once, after a long time without any.',
      }),
      hours: wholeNumber(1, 100_000).meta({
        description: 'Hours in which that many become available again, one after the other.',
      }),
    },
    'a mapping with count and hours',
  )
    .optional()
    .meta({ description });

/** The rate limits of a CA. */
const limits = section(
  {
    known: yesOrNo().optional().meta({
      description:
        "Whether the limits that Everbind knows of this CA hold where none are set here. It knows those of Let's Encrypt.",
      default: true,
    }),
    orders: limit('New orders of the account.'),
    certificatesPerDomain: limit(
      'Certificates for one registered domain (or IPv4 address, or IPv6 /64), whoever orders them.',
    ),
    certificatesPerSet: limit('Certificates for exactly the same names.'),
    failures: limit('Failed validations of one name.'),
    consecutiveFailures: limit('Failed validations of one name in a row.'),
    exemptRenewals: yesOrNo().optional().meta({
      description:
        'Whether a certificate for the same names within 120 days counts neither towards orders nor towards certificatesPerDomain, and an order within the ARI window towards nothing.',
      default: false,
    }),
  },
  'a mapping of limits (orders, certificatesPerDomain, …)',
);

/** A CA and the account with it. */
export const issuer = section(
  {
    name: name().meta({
      description: 'Name by which certificates refer to this issuer.',
      examples: ['letsencrypt'],
    }),
    directory: directoryUrl().meta({
      description: 'ACME directory, an https URL.',
      examples: ['https://acme-v02.api.letsencrypt.org/directory'],
    }),
    staging: stagingUrl()
      .optional()
      .meta({
        description:
          "ACME directory of the CA's staging environment. After a failure that counts towards a limit of the CA the next attempt runs there first. `false`: never. Everbind knows that of Let's Encrypt.",
        examples: ['https://acme-staging-v02.api.letsencrypt.org/directory'],
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
    accountKeyRolloverDays: wholeNumber(0, 3650).optional().meta({
      description:
        'The account gets a new key when its key is this many days old (RFC 8555 section 7.3.5). `0`: only on request.',
      default: DEFAULTS.accountKeyRolloverDays,
    }),
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
    maxNames: wholeNumber(1, 10_000)
      .optional()
      .meta({
        description:
          "How many names a certificate of this CA can have; a certificate with more is not ordered there. Everbind knows that of Let's Encrypt: 100, and 25 with the profiles tlsserver and shortlived.",
        examples: [100],
      }),
    limits: limits.optional().meta({
      description:
        'Rate limits of the CA. Everbind stops before they are reached, and reserves a tenth for certificates that are about to expire.',
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

export type IssuerInput = z.output<typeof issuer>;
