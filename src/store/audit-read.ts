import type { DatabaseSync } from 'node:sqlite';
import { makeContinuation } from '../audit/continuation.ts';
import { MOST_EVENT_OCTETS } from '../audit/event.ts';
import { type EventProof, makeProof } from '../audit/proof.ts';
import type { LogReport } from '../audit/log-report.ts';
import type { Verifier } from '../audit/note.ts';
import type { SavedCheckpoint } from '../audit/saved-checkpoints.ts';
import { type StoredLog, verifyLog } from '../audit/verify-log.ts';
import { EverbindError } from '../errors/error.ts';
import { readPins } from './checkpoint-pin.ts';
import { octets, optionalText, text } from './row.ts';
import { statement } from './statements.ts';
import type { StoreReader } from './store.ts';

/** 53 hashes: one for each bit of the largest size. */
const MOST_RANGE_OCTETS = 53 * 32;

export interface EventFilter {
  /** Only events from this number on. */
  readonly from?: number;
  /** Only the last so many of the events that match. */
  readonly last?: number;
  readonly subject?: string;
  /** A type such as `order.created`, or the beginning that several types share: `order`. */
  readonly type?: string;
  /** Only events from this time on: ms since 1970. */
  readonly since?: number;
}

/** Canonical JSON of the events that match, in order. Verifies nothing. */
export function readEvents(
  store: StoreReader,
  { from = 0, last = -1, subject, type, since }: EventFilter = {},
): readonly string[] {
  const rows = store.read((db) =>
    statement(
      db,
      `SELECT event FROM audit_event WHERE seq >= :from
        AND (:subject IS NULL OR json_valid(event) AND event ->> '$.subject' = :subject)
        AND (:type IS NULL OR json_valid(event) AND substr(event ->> '$.type' || '.', 1, length(:type)) = :type)
        AND (:since IS NULL OR json_valid(event) AND event ->> '$.time' >= :since)
       ORDER BY seq DESC LIMIT :last`,
    ).all({
      from,
      last,
      subject: subject ?? null,
      type: type === undefined ? null : `${type.replace(/\.$/, '')}.`,
      // In the form that events have, whose texts sort as the times do.
      since: since === undefined ? null : new Date(since).toISOString(),
    }),
  );
  return rows.reverse().map((row) => String(row['event']));
}

/** The newest checkpoint of the log, to be saved elsewhere; null while the log is empty. Verifies nothing. */
export function newestCheckpoint(store: StoreReader): string | null {
  return store.read(selectNewestCheckpoint);
}

/**
 * Verifies the stored log against its own checkpoints, those in files beside the database (its pin, and pins that were
 * set aside), and others that were saved elsewhere. Throws STORE_CORRUPT when the database cannot be read.
 */
export function verifyStoredLog(
  store: StoreReader,
  verifier: Verifier,
  saved: readonly SavedCheckpoint[] = [],
): LogReport {
  // Before the log: a pin that is written meanwhile may be ahead of what we read.
  const pins = readPins(store.path);
  return store.read((db) => {
    const log: StoredLog = {
      events: db
        .prepare(
          `SELECT ${safeInteger('seq')}, ${asOctets('event', MOST_EVENT_OCTETS)},
            CASE WHEN octet_length(leaf_hash) = 32 THEN leaf_hash END AS leafHash
          FROM audit_event ORDER BY audit_event.seq`,
        )
        .iterate(),
      checkpoints: db
        .prepare(
          `SELECT ${safeInteger('size')}, ${asOctets('note', 65_536)}
          FROM audit_checkpoint ORDER BY audit_checkpoint.size`,
        )
        .iterate(),
      range:
        db
          .prepare(
            `SELECT ${safeInteger('size')}, CASE WHEN octet_length(hashes) <= ${MOST_RANGE_OCTETS} THEN hashes END AS hashes
            FROM audit_range WHERE id = 1`,
          )
          .get() ?? null,
    };
    return verifyLog(log, verifier, [...pins, ...saved]);
  });
}

/** A number that JavaScript cannot hold becomes -1, which no event has. */
function safeInteger(column: string): string {
  return `CASE WHEN ${column} BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER} THEN ${column} ELSE -1 END AS ${column}`;
}

/**
 * The stored octets of a text, as they are hashed and signed. A text that is far too large is cut, so that memory stays
 * bounded.
 */
function asOctets(column: string, most: number): string {
  return `substr(CAST(${column} AS BLOB), 1, ${most + 1}) AS ${column}`;
}

/**
 * Makes a proof that event `index` is in the log, for the newest checkpoint. Throws AUDIT_NO_SUCH_EVENT and what
 * makeProof throws.
 */
export function proveEvent(store: StoreReader, index: number, verifier: Verifier): EventProof {
  return store.read((db) => {
    const row = Number.isSafeInteger(index)
      ? statement(db, 'SELECT event FROM audit_event WHERE seq = ?').get(index)
      : undefined;
    const checkpoint = selectNewestCheckpoint(db);
    if (row === undefined || checkpoint === null) {
      throw new EverbindError('AUDIT_NO_SUCH_EVENT', `the audit log has no event ${index}`, { index });
    }
    return makeProof({
      event: String(row['event']),
      index,
      checkpoint,
      verifier,
      leafHashes: ({ start, end }) => leafHashes(db, start, end),
    });
  });
}

/**
 * Makes a proof that the newest checkpoint continues one that was saved elsewhere (C2SP tlog-witness, add-checkpoint).
 * Throws what makeContinuation throws, and AUDIT_NO_SUCH_EVENT while the log is empty.
 */
export function proveContinuation(store: StoreReader, saved: string | Uint8Array, verifier: Verifier): string {
  return store.read((db) => {
    const newest = selectNewestCheckpoint(db);
    if (newest === null) throw new EverbindError('AUDIT_NO_SUCH_EVENT', 'the audit log is empty');
    return makeContinuation(saved, newest, verifier, ({ start, end }) => leafHashes(db, start, end));
  });
}

function* leafHashes(db: DatabaseSync, start: number, end: number): Iterable<Uint8Array> {
  const rows = db
    .prepare('SELECT leaf_hash FROM audit_event WHERE seq >= ? AND seq < ? ORDER BY seq')
    .iterate(start, end);
  for (const row of rows) yield octets(row, 'leaf_hash');
}

function selectNewestCheckpoint(db: DatabaseSync): string | null {
  const row = statement(db, 'SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1').get();
  return row === undefined ? null : String(row['note']);
}

/** The newest event of one of these types, about this subject or with this thumbprint in its data; null: none. */
export function newestEvent(
  db: DatabaseSync,
  types: readonly string[],
  { subject, thumbprint }: { readonly subject?: string; readonly thumbprint?: string },
): { readonly subject: string; readonly thumbprint: string | null; readonly renewal: string | null } | null {
  const row = statement(
    db,
    `SELECT event ->> '$.subject' AS subject, event ->> '$.data.thumbprint' AS thumbprint, event ->> '$.data.renewal' AS renewal
     FROM (SELECT seq, iif(json_valid(event), event, '{}') AS event FROM audit_event) WHERE event ->> '$.type' IN (SELECT value FROM json_each(?1))
     AND event ->> '$.subject' = coalesce(?2, event ->> '$.subject')
     AND coalesce(event ->> '$.data.thumbprint', '') = coalesce(?3, event ->> '$.data.thumbprint', '')
     ORDER BY seq DESC LIMIT 1`,
  ).get(JSON.stringify(types), subject ?? null, thumbprint ?? null);
  if (row === undefined) return null;
  return {
    subject: text(row, 'subject'),
    thumbprint: optionalText(row, 'thumbprint'),
    renewal: optionalText(row, 'renewal'),
  };
}
