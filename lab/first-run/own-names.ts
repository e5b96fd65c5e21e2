import type { HostKeyName } from '../../src/ports/host-keys.ts';

// Everything that a first run makes has one of these names, so that it can be found whichever run made it.

/** Sites, friendly names and common names begin with it. */
export const PREFIX = 'Everbind first run';
/** Hosts end with it. The top-level domain is reserved (RFC 2606). */
export const DOMAIN = 'everbind.invalid';
/** Application id of our records. */
export const APP_ID = '{6b1f6a0e-6f43-4d0c-8a53-45d2c1f7e930}';
/** Below it lie the roots of our sites. */
export const FOLDER = '%SystemRoot%\\Temp\\EverbindFirstRun';
/** Of URL prefixes. */
export const URL_FOLDER = '/everbind-first-run/';

const SOFTWARE = 'Microsoft Software Key Storage Provider';
export const PROVIDERS = {
  software: SOFTWARE,
  platform: 'Microsoft Platform Crypto Provider',
  smartCard: 'Microsoft Smart Card Key Storage Provider',
} as const;

/** Keys cannot be listed: a run uses these names and no others. */
const KEY_COUNT = 12;

/** `index`: 0 to 11. Throws RangeError for another, which a clean-up would not find. */
export function keyName(provider: string, index: number): HostKeyName {
  if (index >= KEY_COUNT) throw new RangeError('no such name');
  return { provider, name: `everbind-first-run-${index + 1}` };
}

export function keyNames(provider: string): readonly HostKeyName[] {
  return Array.from({ length: KEY_COUNT }, (_, index) => keyName(provider, index));
}

export const hostOf = (label: string): string => `${label}.${DOMAIN}`;
export const siteOf = (label: string): string => `${PREFIX} ${label}`;

/** Ports of our sites and records. */
export const PORTS = { lowest: 40_000, highest: 48_999 } as const;
