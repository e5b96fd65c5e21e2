import type { HttpChallengeConfig } from './types.ts';

/** Defaults of the settings. The schema, its JSON form and the documentation take these values from here. */
export const DEFAULTS = {
  concurrency: 64,
  accountKey: 'ec-p256',
  accountKeyRolloverDays: 90,
  macAlgorithm: 'HS256',
  keyAlgorithm: 'ec-p256',
  keyProvider: process.platform === 'win32' ? 'cng' : 'software',
  reuseKey: false,
  keepOld: 1,
  httpMode: 'auto',
  httpPort: 80,
  tlsAlpnPort: 443,
  execTimeoutSeconds: 120,
  propagationTimeoutSeconds: 120,
  deployment: 'iis',
} as const;

export const DEFAULT_CHALLENGE: HttpChallengeConfig = {
  type: 'http-01',
  mode: DEFAULTS.httpMode,
  path: null,
  port: DEFAULTS.httpPort,
};
