import type { DatabaseSync } from 'node:sqlite';
import type { EverbindError } from '../errors/error.ts';
import { type LimitState, nearlySpentLimits } from '../renewal/ratelimits/spent-limits.ts';
import { type AccountRow, listAccounts } from '../renewal/state/account-table.ts';
import {
  type CertificateCounts,
  countCertificates,
  countWaiting,
  type Damage,
  drifted,
  explained,
  findDamage,
  lastErrorWith,
  partlyServed,
  servedNowhere,
  unverified,
} from '../renewal/state/certificate-queries.ts';
import type { LastError } from '../renewal/state/certificate-table.ts';
import { type Daemon, readDaemon } from '../renewal/state/daemon-row.ts';
import {
  type HostBackoff,
  hostBackoffs,
  type IssuerTrouble,
  type Paused,
  pausedCertificates,
  troubledIssuers,
} from '../renewal/state/issuer-health.ts';
import { activeHolder, readLease } from '../store/lease-row.ts';

/**
 * The whole as whoever watches it sees it: a person, a notification, a console, a hub. Times are milliseconds
 * since 1970.
 */
export interface Overview extends CertificateCounts {
  /** Whether all is well. Nothing else judges that. */
  readonly ok: boolean;
  /** Whether an Everbind works on this state folder now. */
  readonly atWork: boolean;
  /** Files of the state folder that cannot be used: nothing is renewed until a person acts. */
  readonly problems: readonly Pick<EverbindError, 'code' | 'message' | 'action'>[];
  /** What is not as it was written; the first twenty. The next run writes it anew. */
  readonly damaged: readonly Damage[];
  /** Certificates that no endpoint serves though they have deployments; the first twenty, by name. */
  readonly servedNowhere: readonly string[];
  /** Declared places where visitors get another certificate, of the first twenty certificates, by name. */
  readonly partlyServed: readonly { readonly name: string; readonly places: readonly string[] }[];
  /** Certificates that no endpoint showed when it was looked at; the first twenty, by name. */
  readonly unverified: readonly string[];
  /** Certificates of which something is not as it was deployed; the first twenty, by name. */
  readonly drifted: readonly string[];
  /**
   * Pages on which CAs explain the ARI windows that they suggest (RFC 9773 section 4.1), with the certificates; the
   * first twenty.
   */
  readonly explanations: readonly { readonly url: string; readonly names: readonly string[] }[];
  readonly issuers: readonly IssuerTrouble[];
  readonly accounts: readonly AccountRow[];
  readonly rateLimits: readonly LimitState[];
  /** How many certificates wait until the limits of an issuer have room. */
  readonly waiting: number;
  readonly paused: readonly Paused[];
  readonly hostBackoffs: readonly HostBackoff[];
  /** Why the clock of this machine is taken to be wrong; null: nothing says so. */
  readonly clock: LastError | null;
  /** The process of `everbind run`; null when none ran, or the last one was stopped. */
  readonly daemon: (Daemon & { readonly alive: boolean }) | null;
}

/** Within one transaction: all of it is of one moment. `problems`: what of the state folder cannot be used. */
export function readOverview(db: DatabaseSync, now: number, problems: readonly EverbindError[] = []): Overview {
  const counts = countCertificates(db, now);
  const damaged = findDamage(db);
  const unserved = servedNowhere(db, MOST_NAMES);
  const partly = partlyServed(db, MOST_NAMES);
  const unseen = unverified(db, MOST_NAMES);
  const drift = drifted(db, MOST_NAMES);
  return {
    ...counts,
    ok:
      counts.expired === 0 &&
      counts.failing === 0 &&
      counts.overdue === null &&
      problems.length === 0 &&
      damaged.length === 0 &&
      unserved.length === 0 &&
      partly.length === 0 &&
      unseen.length === 0 &&
      drift.length === 0,
    problems: problems.map(({ code, message, action }) => ({ code, message, action })),
    damaged: damaged.slice(0, MOST_NAMES),
    atWork: isAtWork(db, now),
    servedNowhere: unserved,
    partlyServed: partly,
    unverified: unseen,
    drifted: drift,
    explanations: explanations(db),
    issuers: troubledIssuers(db),
    accounts: listAccounts(db),
    rateLimits: nearlySpentLimits(db, now),
    waiting: countWaiting(db),
    paused: pausedCertificates(db),
    hostBackoffs: hostBackoffs(db, now),
    clock: lastErrorWith(db, 'PKI_CLOCK_WRONG'),
    daemon: daemonOf(db, now),
  };
}

/** Whether an Everbind works on this state folder now: what has begun is under way then, and not interrupted. */
export function isAtWork(db: DatabaseSync, now: number): boolean {
  return activeHolder(readLease(db), now) !== null;
}

const MOST_EXPLANATIONS = 20;
const MOST_NAMES = 20;

function explanations(db: DatabaseSync): Overview['explanations'] {
  const byUrl = Map.groupBy(explained(db, MOST_EXPLANATIONS * MOST_NAMES), ({ url }) => url);
  return [...byUrl].slice(0, MOST_EXPLANATIONS).map(([url, found]) => ({
    url,
    names: found.slice(0, MOST_NAMES).map(({ name }) => name),
  }));
}

/** `everbind run` notes every four minutes that it lives; a locked database may prevent a note. */
const SILENT_MS = 10 * 60_000;

function daemonOf(db: DatabaseSync, now: number): Overview['daemon'] {
  const daemon = readDaemon(db);
  return daemon === null ? null : { ...daemon, alive: now - daemon.seenAt < SILENT_MS };
}
