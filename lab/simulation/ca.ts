import { ariIdOf } from '../../src/pki/x509/ari-id.ts';
import { acmeProblem, noConnection, notFinished, overloaded } from './answers.ts';
import type { CaProfile } from './cas.ts';
import type { Outage } from './events.ts';
import type { SeededRandom } from './random.ts';
import { type Bucket, createBucket, createBuckets } from './token-bucket.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A certificate of a simulated CA. Times are milliseconds since 1970. */
export interface SimulatedCertificate {
  /** As renewal info names it. */
  readonly id: string;
  readonly serialHex: string;
  readonly thumbprint: string;
  /** Of the managed certificate. */
  readonly name: string;
  readonly ca: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuedAt: number;
}

export interface SimulatedOrder {
  readonly name: string;
  /** The DNS names. */
  readonly names: readonly string[];
  readonly lifetimeMs: number;
  /** Renewal info id of the certificate that it renews. */
  readonly replaces: string | null;
}

export interface SuggestedWindow {
  readonly start: number;
  readonly end: number;
  readonly explanationUrl: string | null;
  readonly retryAfterMs: number;
}

/** One CA. What fails throws what Everbind's own ACME client throws then. */
export interface SimulatedCa {
  readonly profile: CaProfile;
  /** Counts the order against the limits and returns its address. */
  order(order: SimulatedOrder, now: number): string;
  /** The certificate of an order that was counted; while the CA is stuck it is not finished. */
  finish(order: SimulatedOrder, now: number): SimulatedCertificate;
  /** Null: this CA has none. */
  renewalInfo(id: string, now: number): SuggestedWindow | null;
  /** This part of what is in use has to go. Returns how many. */
  startIncident(part: number, now: number): number;
  /** Up, and inside the limit of the account. */
  isUsable(now: number): boolean;
  /** Up, and with more than the tenth that Everbind keeps for emergencies. */
  hasRoom(now: number): boolean;
  /** Part of the account's limit that is used, 0 to 1. */
  used(now: number): number;
  /** How many orders were refused for a limit, by limit. */
  readonly refusals: ReadonlyMap<string, number>;
}

/**
 * The band of RFC 9773 as Let's Encrypt computes it: a fiftieth of the lifetime around two thirds of it, or the half
 * when it is short.
 */
export function usualWindow({ notBefore, notAfter }: Pick<SimulatedCertificate, 'notBefore' | 'notAfter'>): {
  readonly start: number;
  readonly end: number;
} {
  const lifetime = notAfter - notBefore;
  const middle = notAfter - lifetime / (lifetime < 10 * DAY ? 2 : 3);
  return { start: Math.floor(middle - lifetime / 100), end: Math.floor(middle + lifetime / 100) };
}

interface Kept extends SimulatedCertificate {
  readonly set: string;
  /** Set by an incident. */
  pulled: SuggestedWindow | null;
}

export function createCa(
  profile: CaProfile,
  outages: readonly Outage[],
  random: SeededRandom,
  onRefusal: (name: string, limit: string, at: number) => void,
): SimulatedCa {
  const { name: ca } = profile;
  const account = createBucket(profile.orders);
  const domains = createBuckets(profile.domain);
  const sets = createBuckets(profile.exactSet);
  const refusals = new Map<string, number>();
  /** The newest of each managed certificate. */
  const newest = new Map<string, Kept>();
  const byId = new Map<string, Kept>();
  const authorityKeyIdentifier = random.hex(20);
  let orders = 0;
  const coming = outages.filter((outage) => outage.ca === ca);
  const outageAt = (now: number): Outage | null => {
    while (coming[0] !== undefined && coming[0].end <= now) coming.shift();
    const [first] = coming;
    return first !== undefined && first.start <= now ? first : null;
  };

  function answer(now: number): Outage | null {
    const outage = outageAt(now);
    if (outage?.kind === 'silent') throw noConnection(ca);
    if (outage?.kind === 'overloaded') throw overloaded(HOUR);
    return outage;
  }

  function spend(name: string, limits: readonly (readonly [string, Bucket])[], now: number): void {
    const empty = limits.find(([, bucket]) => bucket.availableAt(now) > now);
    if (empty !== undefined) {
      const [limit, bucket] = empty;
      refusals.set(limit, (refusals.get(limit) ?? 0) + 1);
      onRefusal(name, limit, now);
      throw acmeProblem('rateLimited', 429, bucket.availableAt(now) - now, `too many for the limit of ${limit}`);
    }
    for (const [, bucket] of limits) bucket.take(now);
  }

  return {
    profile,
    refusals,
    order: ({ name, names, replaces }, now) => {
      answer(now);
      const set = names.toSorted().join(' ');
      const domain = (names[0] ?? '').split('.').slice(-2).join('.');
      const before = newest.get(name);
      const renews = profile.exemptsRenewals && before !== undefined;
      const window = before === undefined ? null : (before.pulled ?? usualWindow(before));
      const inWindow = window !== null && replaces === before?.id && now >= window.start && now < window.end;
      if (!renews || !inWindow) {
        const sameSet = renews && before.set === set && now - before.issuedAt < 120 * DAY;
        const exact = ['exactSet', sets(set, now)] as const;
        spend(name, sameSet ? [exact] : [exact, ['domain', domains(domain, now)], ['orders', account]], now);
      }
      orders += 1;
      return `https://${ca}.test/order/${orders}`;
    },
    finish: ({ name, names, lifetimeMs }, now) => {
      if (answer(now) !== null) throw notFinished();
      const serialHex = `00${random.hex(9)}`;
      const certificate: Kept = {
        id: ariIdOf({ authorityKeyIdentifier, serialHex }) ?? '',
        serialHex,
        thumbprint: random.hex(20),
        name,
        ca,
        notBefore: now,
        notAfter: now + lifetimeMs,
        issuedAt: now,
        set: names.toSorted().join(' '),
        pulled: null,
      };
      const before = newest.get(name);
      if (before !== undefined) byId.delete(before.id);
      newest.set(name, certificate);
      byId.set(certificate.id, certificate);
      return certificate;
    },
    renewalInfo: (id, now) => {
      if (profile.renewalInfoMs === null) return null;
      answer(now);
      const certificate = byId.get(id);
      if (certificate === undefined) throw acmeProblem('malformed', 404, null, 'there is no such certificate');
      const retryAfterMs = Math.round(profile.renewalInfoMs * (0.8 + 0.4 * random.uniform()));
      if (certificate.pulled !== null) return { ...certificate.pulled, retryAfterMs };
      return { ...usualWindow(certificate), explanationUrl: null, retryAfterMs };
    },
    startIncident: (part, now) => {
      let count = 0;
      for (const certificate of newest.values()) {
        if (certificate.notAfter <= now || random.uniform() >= part) continue;
        certificate.pulled = {
          start: now - 60 * MINUTE,
          end: now - 30 * MINUTE,
          explanationUrl: `https://${ca}.test/incident`,
          retryAfterMs: 0,
        };
        count += 1;
      }
      return count;
    },
    hasRoom: (now) => outageAt(now) === null && account.level(now) >= profile.orders.capacity / 10 + 2,
    isUsable: (now) => outageAt(now) === null && account.availableAt(now) <= now,
    used: (now) => 1 - account.level(now) / profile.orders.capacity,
  };
}
