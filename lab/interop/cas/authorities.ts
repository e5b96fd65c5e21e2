import { randomBytes } from 'node:crypto';
import { type Pebble, type PebbleOptions, startPebble } from '../../pebble/server.ts';
import type { CaPlace } from '../../pebble/front.ts';
import { startCaddy } from './caddy.ts';
import type { Validation } from './machine.ts';

/** A CA that runs. */
export interface RunningAuthority {
  readonly ca: CaPlace;
  /** Responds for the machine's names. */
  readonly names: Pebble;
  /** Roots of its certificates that the machine trusts (PEM). */
  readonly roots: readonly string[];
  stop(): Promise<void>;
}

/** A CA that the program is put before as it is. */
export interface Authority {
  readonly name: string;
  readonly validation: Validation;
  /** Settings of the issuer in everbind.yaml. */
  readonly issuer?: Readonly<Record<string, unknown>>;
  /** Secrets that these refer to. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** What it does not have, in plain words; it is listed and not counted. */
  readonly lacks: readonly Ability[];
  start(): Promise<RunningAuthority>;
}

/** `order list`: an order whose response was lost can be found. */
export type Ability = 'order list' | 'key change' | 'revocation';

const DAY_S = 86_400;
const hmacKey = randomBytes(32).toString('base64url');

export const AUTHORITIES: readonly Authority[] = [
  {
    name: 'Caddy',
    validation: 'dns-01',
    lacks: ['order list', 'key change'],
    start: async () => {
      const names = await startPebble();
      const caddy = await startCaddy(names.dnsServer).catch(async (error: unknown) => {
        await names.stop();
        throw error;
      });
      return {
        ca: caddy,
        names,
        roots: [caddy.rootPem],
        stop: async () => {
          await caddy.stop();
          await names.stop();
        },
      };
    },
  },
  pebble('Pebble with its own defaults', { rejectNoncesPercent: 5, reuseAuthorizationsPercent: 50 }),
  pebble('Pebble that refuses 5 % of the nonces', { rejectNoncesPercent: 5 }),
  pebble('Pebble that refuses 15 % of the nonces', { rejectNoncesPercent: 15 }),
  pebble('Pebble that refuses half of the nonces', { rejectNoncesPercent: 50 }),
  pebble('Pebble, strict', { strict: true }),
  {
    ...pebble('Pebble with external accounts', { externalAccountKeys: { 'kid-1': hmacKey } }),
    issuer: { externalAccountBinding: { keyId: 'kid-1', hmacKey: 'secret:eab' } },
    secrets: { eab: hmacKey },
  },
  {
    ...pebble('Pebble with profiles', {
      profiles: {
        classic: { description: 'ninety days', validityPeriod: 90 * DAY_S },
        shortlived: { description: 'six days', validityPeriod: 6 * DAY_S },
      },
    }),
    issuer: { profile: 'shortlived' },
  },
  pebble('Pebble whose second chain alone is trusted', { alternateRoots: 1 }, 1),
];

function pebble(name: string, options: PebbleOptions, trustedRoot = 0): Authority {
  return {
    name,
    validation: 'http-01',
    lacks: [],
    start: async () => {
      const running = await startPebble(options);
      return { ca: running, names: running, roots: [await running.rootPem(trustedRoot)], stop: () => running.stop() };
    },
  };
}
