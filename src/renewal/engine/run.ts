import { alarm, withDeadline } from '../../concurrency/deadline.ts';
import { createLanes } from '../../concurrency/lanes.ts';
import { allVisibleWithinMs } from '../../config/challenge-for.ts';
import { lookForDrift } from '../deployment/look-for-drift.ts';
import { retireLeftovers } from '../deployment/retire.ts';
import { overdue, TIDYING_MS } from '../schedule/issuer-backoff.ts';
import { appliedConfig } from '../state/applied-config.ts';
import { anyLookDue } from '../state/certificate-queries.ts';
import { certificateIfReadable, type ManagedCertificate } from '../state/certificate-table.ts';
import { isOnProbation } from '../state/issuer-health.ts';
import { destroyDueKeys } from '../state/key-deletions.ts';
import { defer } from './defer.ts';
import type { RunContext } from './engine-ports.ts';
import type { Outcome } from './outcome.ts';
import { noteDamaged } from './record-failure.ts';
import { deferWhileClosed, issuerToAsk } from './resume-or-begin.ts';
import { anythingDue, selectIds, type Selection } from './select.ts';

const MINUTE = 60_000;
/** A run that keeps on looks this often for what has fallen due. */
const LOOK_AGAIN_MS = MINUTE / 2;
/** It begins nothing new after this long: others want the lease, too. */
const BEGINS_MS = 60 * MINUTE;
/** What is under way then has so long to finish, and its challenge responses their time to become visible. */
const FINISHES_MS = 2 * MINUTE;

/** The lane of certificates that need no issuer any more. */
const NO_ISSUER = '';

/** What one run of the engine is about. */
export interface RunParts {
  readonly selection: Selection;
  /** Also takes what falls due while certificates are worked on, and begins nothing after an hour. */
  readonly keepsOn: boolean;
  /** Polls renewal information, which may make certificates due; null when there is nothing to poll. */
  readonly poll: (signal: AbortSignal) => Promise<unknown> | null;
  /** Opens issuers and web server, when they are first needed. */
  readonly open: (signal: AbortSignal) => Promise<RunContext>;
  readonly renewOne: (context: RunContext, certificate: ManagedCertificate) => Promise<Outcome | null>;
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * Works on what is selected, each issuer's certificates in a lane of their own: one that is slow keeps none waiting
 * that another one issues, nor does polling. One failing certificate never stops the others; only the signal does, and
 * a web server that cannot be used. Returns how many were worked on.
 */
export async function runSelected(
  { store, keys, clock, onWork }: Pick<RunContext, 'store' | 'keys' | 'clock' | 'onWork'>,
  { selection, keepsOn, poll, open, renewOne, onOutcome }: RunParts,
  signal: AbortSignal,
): Promise<number> {
  const { names, force } = selection;
  const asked = names.length > 0 || force;
  const forced = force && names.length > 0;
  const concurrency = store.read(appliedConfig)?.engine.concurrency ?? 1;
  const end = new AbortController();
  const until = AbortSignal.any([signal, end.signal]);
  let opened: Promise<RunContext> | null = null;
  const context = (): Promise<RunContext> => (opened ??= open(until).then((run) => ({ ...run, forced })));
  let worked = 0;

  const select = (): Iterator<number> => selectIds(store.read, selection, clock)[Symbol.iterator]();
  let ids = select();
  /** Waiting or under way. A run that does not keep on takes nothing twice: what is done stays. */
  const taken = new Set<number>();
  let begins = true;
  const next = (): number | null => {
    until.throwIfAborted();
    for (let id = ids.next(); begins && id.done !== true; id = ids.next()) {
      if (taken.has(id.value)) continue;
      taken.add(id.value);
      return id.value;
    }
    return null;
  };
  const lookAgain = (): void => {
    // By force everything was selected the first time.
    if (!force) ids = select();
    lanes.wake();
  };

  let polling = false;
  let isPollWanted = true;
  let pollFailure: unknown = null;
  /** Called by a timer, too: a database that cannot be read ends the run, and not the process. */
  const beginPoll = (): Promise<unknown> | null => {
    try {
      return poll(until);
    } catch (error) {
      pollFailure ??= error;
      return null;
    }
  };
  const startPoll = (): void => {
    const asking = polling || !begins ? null : beginPoll();
    if (asking === null) return;
    polling = true;
    isPollWanted = false;
    asking
      .catch((error: unknown) => {
        pollFailure ??= error;
      })
      .finally(() => {
        polling = false;
        lookAgain();
      })
      .catch(() => {});
  };

  let longestWait = 0;
  /** Whether it may be taken again in this run. */
  const workOn = async (id: number): Promise<boolean> => {
    const certificate = store.read((db) => certificateIfReadable(db, id));
    if (certificate === null) {
      worked += 1;
      onOutcome(await noteDamaged(await context(), id));
      return false;
    }
    longestWait = Math.max(longestWait, allVisibleWithinMs(certificate.config));
    const run = await context();
    until.throwIfAborted();
    if (!asked && (await defer(run, certificate))) return true;
    const closed = names.length > 0 ? null : await deferWhileClosed(run, certificate);
    // Whoever forces a renewal wants a new certificate.
    const outcome = closed ?? (await renewOne(run, force ? { ...certificate, redeploy: false } : certificate));
    // Like a maintenance window: nothing happened that anybody has to read about.
    // What is removed is selected whenever it is due, and has its own patience.
    const again = !certificate.removed;
    if (outcome === null || (outcome.kind === 'deferred' && !asked)) return again;
    worked += 1;
    // What is new has no ARI window yet.
    isPollWanted ||= outcome.kind === 'renewed';
    onOutcome(outcome);
    return again;
  };

  const lanes = createLanes<number>({
    next,
    laneOf: (id) => {
      const certificate = store.read((db) => certificateIfReadable(db, id));
      return (certificate === null ? null : issuerToAsk({ store, keys, clock }, certificate)) ?? NO_ISSUER;
    },
    roomOf: (issuer) => (store.read((db) => isOnProbation(db, issuer, clock.now())) ? 1 : concurrency),
    work: async (id) => {
      // What was waiting for its turn is left to the next run.
      if (!begins) return;
      if ((await workOn(id)) && keepsOn) taken.delete(id);
    },
    mayComeMore: () => {
      if (isPollWanted) startPoll();
      return polling;
    },
  });

  const beginsUntil = clock.now() + BEGINS_MS;
  let cancel = (): void => {};
  const tick = (): void => {
    begins = clock.now() < beginsUntil;
    startPoll();
    lookAgain();
    const finish = (): void => end.abort(overdue('the run', BEGINS_MS));
    cancel = begins ? alarm(clock, LOOK_AGAIN_MS, tick) : alarm(clock, FINISHES_MS + longestWait, finish);
  };
  if (keepsOn) cancel = alarm(clock, LOOK_AGAIN_MS, tick);
  try {
    if (!asked && store.read((db) => anyLookDue(db, clock.now()))) await lookForDrift(await context());
    startPoll();
    await lanes.run();
    if (pollFailure !== null) throw pollFailure;
    // Polling alone needs no web server.
    if (opened !== null || store.read((db) => anythingDue(db, clock.now()))) {
      onWork?.(TIDYING_MS);
      await tidyUp(await context());
    }
  } catch (error) {
    // What is cut off here goes on in the next run.
    if (!end.signal.aborted || error !== end.signal.reason) throw error;
  } finally {
    cancel();
  }
  return worked;
}

/**
 * What earlier runs left behind. A failure takes nothing back from this run: what remains is tried again at a later
 * one.
 */
async function tidyUp(context: RunContext): Promise<void> {
  const { issuers, store, keys, clock, signal } = context;
  const late = (): Error => overdue('tidying up at the issuers', TIDYING_MS);
  await withDeadline({ clock, ms: TIDYING_MS, signal, late }, (tidying) => issuers.tidyUp(tidying)).catch(() => {});
  await retireLeftovers(context).catch(() => {});
  await destroyDueKeys(store, keys, clock).catch(() => {});
  signal.throwIfAborted();
}
