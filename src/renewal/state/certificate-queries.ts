import type { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../../errors/table.ts';
import {
  count,
  ifReadable,
  integer,
  json,
  optionalInteger,
  optionalJson,
  optionalText,
  type Row,
  text,
  word,
} from '../../store/row.ts';
import { damagedRows, type DigestedTable } from '../../store/row-digest.ts';
import { statement } from '../../store/statements.ts';
import {
  type LastError,
  DRIFTED,
  type ManagedCertificate,
  NOT_CHECKED,
  PARTLY_SERVED,
  SERVED_NOWHERE,
  toCertificate,
  UNVERIFIED,
} from './certificate-table.ts';
import type { Issued } from './issued-table.ts';
import { RENEWAL_STEPS, type RenewalStep } from './renewal-table.ts';

// Questions about all certificates at once, by looks into indexes. Times are milliseconds since 1970.

/** A number of a row, or the nearest that JavaScript has: a damaged one must not end a question about all rows. */
function fit(number: string): string {
  return `max(-9007199254740991, min(9007199254740991, ${number}))`;
}

/** How many managed certificates there are. */
export function countManaged(db: DatabaseSync): number {
  return count(statement(db, 'SELECT count(*) AS n FROM certificate WHERE removed = 0').get());
}

export function isAnyDue(db: DatabaseSync, now: number): boolean {
  const sql = 'SELECT 1 FROM certificate WHERE removed = 0 AND next_due <= ? LIMIT 1';
  return statement(db, sql).get(now) !== undefined;
}

/** Certificates that are no longer declared and have a renewal that is not finished: it may have changed bindings. */
export function removedButOpen(db: DatabaseSync): readonly number[] {
  const rows = statement(
    db,
    `SELECT c.id FROM renewal r INDEXED BY renewal_open JOIN certificate c ON c.id = r.certificate_id
     WHERE r.outcome IS NULL AND c.removed = 1 LIMIT 1000`,
  ).all();
  return rows.map((row) => integer(row, 'id'));
}

/** Those that are due and whose certificate in use has expired, the first to expire first. */
export function dueAndExpired(db: DatabaseSync, now: number): readonly number[] {
  const rows = statement(
    db,
    // CROSS: from the few that are due to what they have in use, and not through everything that was ever issued.
    `SELECT c.id FROM certificate c CROSS JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
     WHERE c.removed = 0 AND c.next_due <= ? AND i.not_after <= ? ORDER BY i.not_after LIMIT 10000`,
  ).all(now, now);
  return rows.map((row) => integer(row, 'id'));
}

/** The last failure with this code, of certificates whose last attempt failed; null: there is none. */
export function lastErrorWith(db: DatabaseSync, code: ErrorCode): LastError | null {
  const row = statement(
    db,
    `SELECT last_error FROM certificate WHERE removed = 0 AND failures > 0
       AND iif(json_valid(last_error), last_error ->> 'code', NULL) = ?
     ORDER BY iif(json_valid(last_error), last_error ->> 'at', NULL) DESC LIMIT 1`,
  ).get(code);
  return row === undefined ? null : ifReadable(() => optionalJson<LastError>(row, 'last_error'));
}

export interface DueId {
  readonly id: number;
  readonly nextDue: number;
}

/** The next ones that are due at `until`, in the order of their due dates, after this one. */
export function duePage(db: DatabaseSync, until: number, after: DueId, limit: number): readonly DueId[] {
  const rows = statement(
    db,
    `SELECT id, next_due FROM certificate WHERE removed = 0 AND next_due <= ? AND (next_due, id) > (?, ?)
     ORDER BY next_due, id LIMIT ?`,
  ).all(until, after.nextDue, after.id, limit);
  return rows.map((row) => ({ id: integer(row, 'id'), nextDue: integer(row, 'next_due') }));
}

/** Whether any certificate is to be compared with what the server has. */
export function anyLookDue(db: DatabaseSync, now: number): boolean {
  const sql = 'SELECT 1 FROM certificate WHERE removed = 0 AND next_look <= ? LIMIT 1';
  return statement(db, sql).get(now) !== undefined;
}

/** The certificates that are to be compared with what the server has. */
export function certificatesToLook(
  db: DatabaseSync,
  now: number,
  limit: number,
): { readonly certificates: readonly ManagedCertificate[]; readonly damaged: readonly number[] } {
  const sql = 'SELECT * FROM certificate WHERE removed = 0 AND next_look <= ? ORDER BY next_look LIMIT ?';
  const damaged: number[] = [];
  const certificates = statement(db, sql)
    .all(now, limit)
    .flatMap((row) => {
      const certificate = ifReadable(() => toCertificate(db, row));
      if (certificate === null) damaged.push(Number(row['id']));
      return certificate ?? [];
    });
  return { certificates, damaged };
}

/** A certificate whose ARI window is to be asked for. */
export interface ToPoll {
  /** Of the managed certificate. */
  readonly id: number;
  /** What is in use; null when nothing is. */
  readonly active: { readonly issuer: string; readonly ariId: string | null; readonly notAfter: number } | null;
  /** What the CA said last; null before the first response. */
  readonly known: { readonly start: number; readonly end: number; readonly explanationUrl: string | null } | null;
}

/** Whether any ARI window may be asked for. */
export function anythingToPoll(db: DatabaseSync, now: number): boolean {
  const sql =
    'SELECT 1 FROM certificate WHERE removed = 0 AND next_poll IS NOT NULL AND next_poll <= ? AND next_due > ? LIMIT 1';
  return statement(db, sql).get(now, now) !== undefined;
}

const TO_POLL = `FROM certificate c LEFT JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
  WHERE c.removed = 0 AND c.next_poll IS NOT NULL AND c.next_poll <= ? AND c.next_due > ?`;

/** Who issued what may be asked for; null: nobody did. */
export function issuersToPoll(db: DatabaseSync, now: number): readonly (string | null)[] {
  const rows = statement(db, `SELECT DISTINCT i.issuer ${TO_POLL}`).all(now, now);
  return rows.map((row) => optionalText(row, 'issuer'));
}

/** The first of those of an issuer. Never those that are due or replaced (RFC 9773 section 4.3). */
export function certificatesToPoll(
  db: DatabaseSync,
  now: number,
  ofIssuer: string | null,
  limit: number,
): readonly ToPoll[] {
  const rows = statement(
    db,
    `SELECT c.id, ${fit('c.window_start')} AS window_start, ${fit('c.window_end')} AS window_end, c.explanation_url,
     i.issuer, i.ari_id, ${fit('i.not_after')} AS not_after ${TO_POLL} AND i.issuer IS ? ORDER BY c.next_poll LIMIT ?`,
  ).all(now, now, ofIssuer, limit);
  return rows.flatMap((row) => ifReadable(() => toPoll(row)) ?? []);
}

function toPoll(row: Row): ToPoll {
  const issuer = optionalText(row, 'issuer');
  const start = optionalInteger(row, 'window_start');
  return {
    id: integer(row, 'id'),
    active:
      issuer === null ? null : { issuer, ariId: optionalText(row, 'ari_id'), notAfter: integer(row, 'not_after') },
    known:
      start === null
        ? null
        : { start, end: integer(row, 'window_end'), explanationUrl: optionalText(row, 'explanation_url') },
  };
}

/**
 * When there is something to do next: a renewal, an ARI window to ask for, bindings or an old certificate to look at;
 * null: nothing in sight.
 */
export function nextWake(db: DatabaseSync): number | null {
  const row = statement(
    db,
    `SELECT ${fit('min(at)')} AS at FROM (
       SELECT min(next_due) AS at FROM certificate WHERE removed = 0
       UNION ALL SELECT min(next_poll) FROM certificate WHERE removed = 0 AND next_poll IS NOT NULL
       UNION ALL SELECT min(next_look) FROM certificate WHERE removed = 0 AND next_look IS NOT NULL
       UNION ALL SELECT min(retire_at) FROM issued WHERE retire_at IS NOT NULL)`,
  ).get();
  return row === undefined ? null : optionalInteger(row, 'at');
}

/** How many certificates wait until the limits of an issuer have room. */
export function countWaiting(db: DatabaseSync): number {
  const sql = `SELECT count(*) AS n FROM certificate WHERE removed = 0 AND due_reason = 'rate-limit'`;
  return count(statement(db, sql).get());
}

/** Whether a certificate with dns-persist-01 is issued by this issuer. */
export function usesPersistRecords(db: DatabaseSync, issuer: string): boolean {
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM certificate WHERE removed = 0 AND config LIKE '%"dns-persist-01"%'
    AND EXISTS (SELECT 1 FROM json_each(iif(json_valid(config), config, '{}'), '$.issuers') WHERE value = ?) LIMIT 1)`;
  return count(statement(db, sql).get(issuer)) > 0;
}

/** A managed certificate and where it stands. */
export interface CertificateState extends ManagedCertificate, ServedState {
  readonly active: Pick<Issued, 'thumbprint' | 'notBefore' | 'notAfter' | 'issuer'> | null;
  /** Step of a renewal that is not finished. */
  readonly openStep: RenewalStep | null;
}

/** What the last deployment of a certificate, or the last look at it, left to worry about. */
export interface ServedState {
  /** It was deployed, has deployments, and no endpoint serves it. */
  readonly servedNowhere: boolean;
  /** It was deployed, endpoints were looked at, and none showed it. */
  readonly unverified: boolean;
  /** It was deployed, and none of its endpoints could be looked at: their sites are stopped, for instance. */
  readonly notChecked: boolean;
  /** The last look found that something is not as it was deployed. */
  readonly drifted: boolean;
  /** Declared places where visitors got another certificate after it was deployed, in the operator's words. */
  readonly otherCertificate: readonly string[];
}

const SERVED_COLUMNS = `${SERVED_NOWHERE} AS served_nowhere, ${UNVERIFIED} AS unverified, ${NOT_CHECKED} AS not_checked,
  ${DRIFTED} AS drifted, other_certificate`;

function toServedState(row: Row): ServedState {
  const is = (column: string): boolean => optionalInteger(row, column) === 1;
  return {
    servedNowhere: is('served_nowhere'),
    unverified: is('unverified'),
    notChecked: is('not_checked'),
    drifted: is('drifted'),
    otherCertificate: optionalJson<readonly string[]>(row, 'other_certificate') ?? [],
  };
}

/** By the id of the certificate. */
export function servedState(db: DatabaseSync, id: number): ServedState {
  const row = statement(db, `SELECT ${SERVED_COLUMNS} FROM certificate WHERE id = ?`).get(id);
  return toServedState(row ?? {});
}

const STATE_COLUMNS = `c.*, i.thumbprint, i.not_before, i.not_after, i.issuer, r.step, ${SERVED_COLUMNS} FROM certificate c
     LEFT JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
     LEFT JOIN renewal r ON r.certificate_id = c.id AND r.outcome IS NULL`;

/**
 * The managed certificates after this name, in the order of their names; fewer than `limit` when there are no more.
 * Those whose rows are damaged are left out: findDamage has them.
 */
export function certificatePage(db: DatabaseSync, after: string, limit: number): readonly CertificateState[] {
  const sql = 'SELECT id, name FROM certificate WHERE removed = 0 AND name > ? ORDER BY name LIMIT ?';
  const found: CertificateState[] = [];
  for (let last = after; found.length < limit; ) {
    const rows = statement(db, sql).all(last, limit);
    // Row by row: one that cannot be read keeps nobody from the others.
    found.push(...rows.flatMap((row) => ifReadable(() => toState(db, integer(row, 'id'))) ?? []));
    const end = rows.at(-1);
    if (end === undefined || rows.length < limit) break;
    last = text(end, 'name');
  }
  return found;
}

function toState(db: DatabaseSync, id: number): CertificateState {
  const row = statement(db, `SELECT ${STATE_COLUMNS} WHERE c.id = ?`).get(id) ?? {};
  const thumbprint = optionalText(row, 'thumbprint');
  return {
    ...toCertificate(db, row),
    active:
      thumbprint === null
        ? null
        : {
            thumbprint,
            notBefore: integer(row, 'not_before'),
            notAfter: integer(row, 'not_after'),
            issuer: text(row, 'issuer'),
          },
    openStep: row['step'] === null ? null : word(row, 'step', RENEWAL_STEPS),
    ...toServedState(row),
  };
}

export interface NamedMoment {
  readonly at: number;
  readonly name: string;
}

/** The state of all managed certificates in numbers. */
export interface CertificateCounts {
  readonly managed: number;
  readonly neverIssued: number;
  readonly due: number;
  readonly expired: number;
  readonly failing: number;
  readonly interrupted: number;
  /** When the next certificate is due; null without certificates. */
  readonly nextDue: NamedMoment | null;
  readonly soonestExpiry: NamedMoment | null;
  /**
   * The one that has been due for longest, when that is more than a day: nothing tries it, or nothing comes of it.
   * null: none.
   */
  readonly overdue: NamedMoment | null;
}

/** A run a day is the least that is advised. */
const OVERDUE_MS = 86_400_000;

export function countCertificates(db: DatabaseSync, now: number): CertificateCounts {
  const number = (sql: string, ...values: number[]): number => count(statement(db, sql).get(...values));
  const moment = (sql: string): NamedMoment | null => {
    const row = statement(db, sql).get();
    return row === undefined ? null : { at: integer(row, 'at'), name: text(row, 'name') };
  };
  const active = `FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.status = 'active' AND c.removed = 0`;
  const next = moment(
    `SELECT ${fit('next_due')} AS at, name FROM certificate WHERE removed = 0 ORDER BY next_due LIMIT 1`,
  );
  return {
    managed: countManaged(db),
    neverIssued: number(
      `SELECT count(*) AS n FROM certificate c WHERE removed = 0 AND NOT EXISTS
       (SELECT 1 FROM issued i WHERE i.certificate_id = c.id AND i.status = 'active')`,
    ),
    due: number('SELECT count(*) AS n FROM certificate WHERE removed = 0 AND next_due <= ?', now),
    expired: number(`SELECT count(*) AS n ${active} AND i.not_after <= ?`, now),
    failing: number('SELECT count(*) AS n FROM certificate WHERE removed = 0 AND failures > 0'),
    interrupted: number('SELECT count(*) AS n FROM renewal WHERE outcome IS NULL'),
    nextDue: next,
    overdue: next !== null && next.at < now - OVERDUE_MS ? next : null,
    soonestExpiry: moment(`SELECT ${fit('i.not_after')} AS at, c.name AS name ${active} ORDER BY i.not_after LIMIT 1`),
  };
}

/** Names of certificates that no endpoint serves though they have deployments, in order. */
export function servedNowhere(db: DatabaseSync, limit: number): readonly string[] {
  return namesWhere(db, SERVED_NOWHERE, limit);
}

/** Names of certificates that no endpoint showed when it was looked at, in order. */
export function unverified(db: DatabaseSync, limit: number): readonly string[] {
  return namesWhere(db, UNVERIFIED, limit);
}

/** Names of certificates of which something is not as it was deployed, in order. */
export function drifted(db: DatabaseSync, limit: number): readonly string[] {
  return namesWhere(db, DRIFTED, limit);
}

/** Certificates with declared places where visitors get another one, in the order of their names. */
export function partlyServed(
  db: DatabaseSync,
  limit: number,
): readonly { readonly name: string; readonly places: readonly string[] }[] {
  const sql = `SELECT name, other_certificate FROM certificate WHERE removed = 0 AND ${PARTLY_SERVED} ORDER BY name LIMIT ?`;
  const rows = statement(db, sql).all(limit);
  return rows.flatMap(
    (row) =>
      ifReadable(() => ({ name: text(row, 'name'), places: json<readonly string[]>(row, 'other_certificate') })) ?? [],
  );
}

function namesWhere(db: DatabaseSync, condition: string, limit: number): readonly string[] {
  const sql = `SELECT name FROM certificate WHERE removed = 0 AND ${condition} ORDER BY name LIMIT ?`;
  return statement(db, sql)
    .all(limit)
    .map((row) => text(row, 'name'));
}

/** Something of the state that is damaged, and whose it is. */
export interface Damage {
  /** The table. */
  readonly table: DigestedTable;
  /** A certificate, or for an account an issuer; empty where the row does not tell. */
  readonly name: string;
}

/** Everything that is not as it was written, found by reading all rows. */
export function findDamage(db: DatabaseSync): readonly Damage[] {
  return damagedRows(db).map(({ table, rowid }) => ({ table, name: ownerOf(db, table, rowid) }));
}

const OWNERS: Readonly<Record<DigestedTable, string>> = {
  applied_config: `SELECT 'everbind.yaml' AS name WHERE ? <> 0`,
  certificate: 'SELECT name FROM certificate WHERE rowid = ?',
  issued: 'SELECT c.name FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.rowid = ?',
  renewal: 'SELECT c.name FROM renewal r JOIN certificate c ON c.id = r.certificate_id WHERE r.rowid = ?',
  account: 'SELECT issuer AS name FROM account WHERE rowid = ?',
};

function ownerOf(db: DatabaseSync, table: DigestedTable, rowid: number): string {
  return String(statement(db, OWNERS[table]).get(rowid)?.['name'] ?? '');
}

/** Certificates whose CA explains its ARI window on a page (RFC 9773 section 4.1), the next due first. */
export function explained(db: DatabaseSync, limit: number): readonly { readonly url: string; readonly name: string }[] {
  const rows = statement(
    db,
    `SELECT explanation_url AS url, name FROM certificate WHERE removed = 0 AND explanation_url IS NOT NULL
     ORDER BY next_due, name LIMIT ?`,
  ).all(limit);
  return rows.map((row) => ({ url: text(row, 'url'), name: text(row, 'name') }));
}
