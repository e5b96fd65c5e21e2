import type { Quirk } from './quirk.ts';

/** What is wrong with this machine until the first attempt has failed. The certificate that came is good. */
export const MACHINE_QUIRKS: readonly Quirk[] = [
  {
    name: 'the clock is two hours slow',
    source: 'anchordotdev/cli#22',
    permits: { failedAttempts: 1 },
    machine: { clockAheadMs: -2 * 3_600_000 },
  },
  {
    name: 'the root of the CA is not trusted yet',
    source: 'RFC 5280 section 6.1',
    permits: { failedAttempts: 1 },
    machine: { withoutRoots: true },
  },
];
