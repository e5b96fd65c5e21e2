import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { statement } from '../store/statements.ts';
import { type Paused, pausedCertificates } from '../renewal/state/paused.ts';
import { certificateByName, issuedWith, openRenewal, SERVED_NOWHERE } from '../renewal/state/rows.ts';
import type { Issued, ManagedCertificate, RenewalStep } from '../renewal/state/types.ts';

export interface PastRenewal {
  readonly id: string;
  readonly kind: string;
  readonly outcome: string | null;
  readonly step: string;
  readonly orderUrl: string | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
}

/** Everything about one certificate. */
export interface CertificateDetail {
  readonly certificate: ManagedCertificate;
  /** All that were issued and not removed yet, the newest first. */
  readonly issued: readonly Issued[];
  readonly openStep: RenewalStep | null;
  /** The CA's window (RFC 9773) and the moment drawn in it. */
  readonly window: {
    readonly start: number;
    readonly end: number;
    readonly selected: number;
    readonly explanationUrl: string | null;
  } | null;
  /** Issuers that take no orders for it until a person acts. */
  readonly paused: readonly Paused[];
  /** The last twenty, the newest first. */
  readonly renewals: readonly PastRenewal[];
}

/** Throws RENEWAL_UNKNOWN_CERTIFICATE. */
export function showCertificate(db: DatabaseSync, name: string): CertificateDetail {
  const certificate = certificateByName(db, name);
  if (certificate === null) {
    throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
  }
  const { id } = certificate;
  const row =
    statement(db, 'SELECT window_start, window_end, selected, explanation_url FROM certificate WHERE id = ?').get(id) ??
    {};
  const renewals = statement(
    db,
    'SELECT * FROM renewal WHERE certificate_id = ? ORDER BY started_at DESC, id LIMIT 20',
  ).all(id);
  return {
    certificate,
    issued: (['active', 'pending', 'previous', 'failed'] as const).flatMap((status) => issuedWith(db, id, status)),
    openStep: openRenewal(db, id)?.step ?? null,
    paused: pausedCertificates(db, id),
    window:
      row['selected'] === null
        ? null
        : {
            start: row['window_start'] as number,
            end: row['window_end'] as number,
            selected: row['selected'] as number,
            explanationUrl: row['explanation_url'] as string | null,
          },
    renewals: renewals.map((past) => ({
      id: past['id'] as string,
      kind: past['kind'] as string,
      outcome: past['outcome'] as string | null,
      step: past['step'] as string,
      orderUrl: past['order_url'] as string | null,
      startedAt: past['started_at'] as number,
      finishedAt: past['finished_at'] as number | null,
    })),
  };
}

/** The state of the whole in numbers. */
export interface Summary {
  readonly managed: number;
  readonly neverIssued: number;
  readonly due: number;
  readonly expired: number;
  readonly failing: number;
  readonly interrupted: number;
  /** Certificates that no place serves though they have deployments; the first twenty, by name. */
  readonly servedNowhere: readonly string[];
  /** When the next certificate is due; null without certificates. */
  readonly nextDue: { readonly at: number; readonly name: string } | null;
  readonly soonestExpiry: { readonly at: number; readonly name: string } | null;
  /** Pages on which CAs explain the windows that they suggest (RFC 9773 section 4.1), with the certificates; the first twenty. */
  readonly explanations: readonly { readonly url: string; readonly names: readonly string[] }[];
}

const MOST_EXPLANATIONS = 20;
const MOST_NAMES = 20;

function explanations(db: DatabaseSync): Summary['explanations'] {
  const rows = statement(
    db,
    `SELECT explanation_url AS url, name FROM certificate WHERE removed = 0 AND explanation_url IS NOT NULL
     ORDER BY next_due, name LIMIT ${MOST_EXPLANATIONS * MOST_NAMES}`,
  ).all();
  const byUrl = Map.groupBy(rows, (row) => row['url'] as string);
  return [...byUrl].slice(0, MOST_EXPLANATIONS).map(([url, found]) => ({
    url,
    names: found.slice(0, MOST_NAMES).map((row) => row['name'] as string),
  }));
}

function servedNowhere(db: DatabaseSync): readonly string[] {
  const rows = statement(
    db,
    `SELECT name FROM certificate WHERE removed = 0 AND ${SERVED_NOWHERE} ORDER BY name LIMIT ${MOST_NAMES}`,
  ).all();
  return rows.map((row) => row['name'] as string);
}

/** The whole in numbers, by looks into indexes. `now` in milliseconds since 1970. */
export function summarize(db: DatabaseSync, now: number): Summary {
  const count = (sql: string, ...values: number[]): number => statement(db, sql).get(...values)?.['n'] as number;
  const moment = (sql: string): { at: number; name: string } | null => {
    const row = statement(db, sql).get();
    return row === undefined ? null : { at: row['at'] as number, name: row['name'] as string };
  };
  const active = `FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.status = 'active' AND c.removed = 0`;
  return {
    managed: count('SELECT count(*) AS n FROM certificate WHERE removed = 0'),
    neverIssued: count(
      `SELECT count(*) AS n FROM certificate c WHERE removed = 0 AND NOT EXISTS
       (SELECT 1 FROM issued i WHERE i.certificate_id = c.id AND i.status = 'active')`,
    ),
    due: count('SELECT count(*) AS n FROM certificate WHERE removed = 0 AND next_due <= ?', now),
    expired: count(`SELECT count(*) AS n ${active} AND i.not_after <= ?`, now),
    failing: count('SELECT count(*) AS n FROM certificate WHERE removed = 0 AND failures > 0'),
    interrupted: count('SELECT count(*) AS n FROM renewal WHERE outcome IS NULL'),
    servedNowhere: servedNowhere(db),
    nextDue: moment('SELECT next_due AS at, name FROM certificate WHERE removed = 0 ORDER BY next_due LIMIT 1'),
    soonestExpiry: moment(`SELECT i.not_after AS at, c.name AS name ${active} ORDER BY i.not_after LIMIT 1`),
    explanations: explanations(db),
  };
}
