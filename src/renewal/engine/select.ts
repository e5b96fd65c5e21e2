import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import { statement } from '../../store/statements.ts';
import { dueRollovers } from '../state/account-table.ts';
import { certificateByName } from '../state/rows.ts';
import type { ManagedCertificate } from '../state/types.ts';

/** Which certificates a run is about. */
export interface Selection {
  /** Names; empty: all. */
  readonly names: readonly string[];
  /** Also those that are not due. */
  readonly force: boolean;
}

const PAGE = 200;

/** Whether there is anything to do: a look into indexes, whatever the number of certificates. */
export function anythingDue(db: DatabaseSync, now: number): boolean {
  const due = statement(db, 'SELECT 1 FROM certificate WHERE removed = 0 AND next_due <= ? LIMIT 1').get(now);
  const old = statement(db, 'SELECT 1 FROM issued WHERE retire_at <= ? LIMIT 1').get(now);
  // A kill may have come when every certificate was finished and an answer to a challenge still there.
  const visible = statement(db, 'SELECT 1 FROM challenge_response LIMIT 1').get();
  const spent = statement(db, 'SELECT 1 FROM key_deletion WHERE destroy_at <= ? LIMIT 1').get(now);
  return (
    [due, old, visible, spent].some((row) => row !== undefined) ||
    removedButOpen(db).length > 0 ||
    dueRollovers(db, now).length > 0
  );
}

/** Certificates that are no longer declared and have a renewal that is not finished: it may have changed bindings. */
function removedButOpen(db: DatabaseSync): readonly number[] {
  const rows = statement(
    db,
    `SELECT c.id FROM renewal r INDEXED BY renewal_open JOIN certificate c ON c.id = r.certificate_id
     WHERE r.outcome IS NULL AND c.removed = 1 LIMIT 1000`,
  ).all();
  return rows.map((row) => row['id'] as number);
}

/** How many managed certificates there are. */
export function countManaged(db: DatabaseSync): number {
  return statement(db, 'SELECT count(*) AS n FROM certificate WHERE removed = 0').get()?.['n'] as number;
}

/**
 * Ids of the certificates to work on, each once, a page at a time, so that memory does not grow with their number: what stands half-done of
 * removed ones, then expired ones, then by due time. Throws RENEWAL_UNKNOWN_CERTIFICATE before the first.
 */
export function* selectIds(
  read: <T>(work: (db: DatabaseSync) => T) => T,
  { names, force }: Selection,
  clock: Pick<Clock, 'now'>,
): Iterable<number> {
  const now = clock.now();
  if (names.length > 0) {
    yield* new Set(
      read((db) => names.map((name) => named(db, name))).flatMap(({ id, nextDue }) =>
        force || nextDue <= now ? id : [],
      ),
    );
    return;
  }
  const done = new Set<number>(read(removedButOpen));
  yield* done;
  const expired = read((db) =>
    statement(
      db,
      // CROSS: from the few that are due to what they have in use, and not through everything that was ever issued.
      `SELECT c.id FROM certificate c CROSS JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
       WHERE c.removed = 0 AND c.next_due <= ? AND i.not_after <= ? ORDER BY i.not_after LIMIT 10000`,
    ).all(now, now),
  );
  for (const row of expired) {
    done.add(row['id'] as number);
    yield row['id'] as number;
  }
  let after: readonly [number, number] = [-1, -1];
  for (;;) {
    // What has failed meanwhile comes later than now, also when the clock was put back: a run takes nothing twice.
    const bound = force ? Number.MAX_SAFE_INTEGER : Math.min(now, clock.now());
    const page = read((db) =>
      statement(
        db,
        `SELECT id, next_due FROM certificate WHERE removed = 0 AND next_due <= ? AND (next_due, id) > (?, ?)
         ORDER BY next_due, id LIMIT ${PAGE}`,
      ).all(bound, ...after),
    );
    for (const row of page) {
      const id = row['id'] as number;
      after = [row['next_due'] as number, id];
      if (done.has(id)) continue;
      // One that was worked on has a later due time by now: only under force that may still come by. Otherwise nothing is kept.
      if (force) done.add(id);
      yield id;
    }
    if (page.length < PAGE) return;
  }
}

function named(db: DatabaseSync, name: string): ManagedCertificate {
  const certificate = certificateByName(db, name);
  if (certificate !== null) return certificate;
  throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
}
