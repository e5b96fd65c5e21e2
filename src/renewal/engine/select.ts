import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import { dueRollovers } from '../state/account-table.ts';
import { anyLookDue, dueAndExpired, duePage, isAnyDue, removedButOpen } from '../state/certificate-queries.ts';
import { requireCertificate } from '../state/certificate-table.ts';
import { anyVisibleResponse } from '../state/challenge-table.ts';
import { toRetire } from '../state/issued-table.ts';
import { anyKeyToDestroy } from '../state/key-deletions.ts';

/** Which certificates a run is about. */
export interface Selection {
  /** Names; empty: all. */
  readonly names: readonly string[];
  /** Also those that are not due. */
  readonly force: boolean;
}

/** Every certificate that is due, and no other. */
export const ALL_DUE: Selection = { names: [], force: false };

const PAGE = 200;

/** Whether there is anything to do: a look into indexes, whatever the number of certificates. */
export function anythingDue(db: DatabaseSync, now: number): boolean {
  return (
    isAnyDue(db, now) ||
    anyLookDue(db, now) ||
    toRetire(db, now, 1).length > 0 ||
    // A kill may have come when every certificate was finished and a challenge response still there.
    anyVisibleResponse(db) ||
    anyKeyToDestroy(db, now) ||
    removedButOpen(db).length > 0 ||
    dueRollovers(db, now).length > 0
  );
}

/**
 * Ids of the certificates to work on, each once, a page at a time, so that memory does not grow with their number: what
 * stands half-done of removed ones, then expired ones, then by due time. Throws RENEWAL_UNKNOWN_CERTIFICATE before the
 * first.
 */
export function* selectIds(
  read: <T>(work: (db: DatabaseSync) => T) => T,
  { names, force }: Selection,
  clock: Pick<Clock, 'now'>,
): Iterable<number> {
  const now = clock.now();
  if (names.length > 0) {
    const named = read((db) => names.map((name) => requireCertificate(db, name)));
    yield* new Set(named.flatMap(({ id, nextDue }) => (force || nextDue <= now ? id : [])));
    return;
  }
  const done = new Set<number>(read(removedButOpen));
  yield* done;
  for (const id of read((db) => dueAndExpired(db, now))) {
    done.add(id);
    yield id;
  }
  let after = { id: -1, nextDue: -1 };
  for (;;) {
    // What has failed meanwhile comes later than now, also when the clock was put back: a run takes nothing twice.
    const until = force ? Number.MAX_SAFE_INTEGER : Math.min(now, clock.now());
    const last = after;
    const page = read((db) => duePage(db, until, last, PAGE));
    for (const due of page) {
      after = due;
      if (done.has(due.id)) continue;
      // One that was worked on has a later due time by now: only under force that may still come by. Otherwise nothing
      // is kept.
      if (force) done.add(due.id);
      yield due.id;
    }
    if (page.length < PAGE) return;
  }
}
