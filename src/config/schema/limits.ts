import { section, wholeNumber, yesOrNo } from './values.ts';

const limit = (description: string) =>
  section(
    {
      count: wholeNumber(1, 1_000_000).meta({ description: 'How many in a row, after a long time without any.' }),
      hours: wholeNumber(1, 100_000).meta({
        description: 'Within how many hours all of them come back, one after the other.',
      }),
    },
    'a mapping with count and hours',
  )
    .optional()
    .meta({ description });

/** What a CA allows. */
export const limits = section(
  {
    known: yesOrNo().optional().meta({
      description:
        "Whether Everbind's own knowledge of this CA holds where nothing is said here: it has the limits of Let's Encrypt.",
      default: true,
    }),
    orders: limit('New orders of the account.'),
    certificatesPerDomain: limit(
      'Certificates for one registered domain (or IPv4 address, or IPv6 /64), whoever orders them.',
    ),
    certificatesPerSet: limit('Certificates for exactly the same names.'),
    failures: limit('Failed proofs of one name.'),
    consecutiveFailures: limit('Failed proofs of one name without a good one in between.'),
    exemptRenewals: yesOrNo().optional().meta({
      description:
        'Whether a certificate for the same names within 120 days counts neither for orders nor for certificatesPerDomain, and an order within the window that the CA suggests for nothing.',
      default: false,
    }),
  },
  'a mapping of limits (orders, certificatesPerDomain, …)',
);
