import type { IssuerConfig } from '../../config/types.ts';
import type { Limits } from '../../ports/limits.ts';

const HOUR = 1;
const DAY = 24 * HOUR;

const NONE: Limits = {
  orders: null,
  certificatesPerDomain: null,
  certificatesPerSet: null,
  failures: null,
  consecutiveFailures: null,
  exemptRenewals: false,
};

// letsencrypt.org/docs/rate-limits and /docs/staging-environment, August 2026.
const KNOWN: Readonly<Record<string, Limits>> = {
  'https://acme-v02.api.letsencrypt.org/directory': {
    orders: { count: 300, hours: 3 * HOUR },
    certificatesPerDomain: { count: 50, hours: 7 * DAY },
    certificatesPerSet: { count: 5, hours: 7 * DAY },
    failures: { count: 5, hours: HOUR },
    // One comes back each day.
    consecutiveFailures: { count: 1152, hours: 1152 * DAY },
    exemptRenewals: true,
  },
  'https://acme-staging-v02.api.letsencrypt.org/directory': {
    orders: { count: 1500, hours: 3 * HOUR },
    // 30,000 a second and 30,000 a week: nobody comes near.
    certificatesPerDomain: null,
    certificatesPerSet: null,
    failures: { count: 200, hours: HOUR },
    consecutiveFailures: { count: 3600, hours: 3600 * 6 * HOUR },
    exemptRenewals: true,
  },
};

/**
 * The limits that an issuer is asked within: those that are known of its CA, as far as the configuration does not say
 * otherwise.
 */
export function limitsOf({ directory, limits }: Pick<IssuerConfig, 'directory' | 'limits'>): Limits {
  const base = limits?.known === false ? NONE : (KNOWN[directory] ?? NONE);
  return {
    orders: limits?.orders ?? base.orders,
    certificatesPerDomain: limits?.certificatesPerDomain ?? base.certificatesPerDomain,
    certificatesPerSet: limits?.certificatesPerSet ?? base.certificatesPerSet,
    failures: limits?.failures ?? base.failures,
    consecutiveFailures: limits?.consecutiveFailures ?? base.consecutiveFailures,
    exemptRenewals: limits?.exemptRenewals ?? base.exemptRenewals,
  };
}
