import { meaningOf, retryAfterOf, type EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Transaction } from '../../store/store.ts';
import { backoffMs, type Due } from '../schedule/due-date.ts';
import { dueInUse, type LastError, type ManagedCertificate, noteFailure, setDue } from '../state/certificate-table.ts';
import { activeIfReadable, markUnused } from '../state/issued-table.ts';
import {
  endRenewal,
  type EventData,
  isObtaining,
  type Renewal,
  type RenewalKind,
  withRenewal,
} from '../state/renewal-table.ts';
import { wantStagingRun } from '../state/staging-run-table.ts';

/**
 * Notes a failure and when to try again, inside the transaction that closes the attempt. Returns that time,
 * milliseconds since 1970.
 */
export type Reschedule = (failure: EverbindError, transaction: Transaction) => number;

type Ports = { readonly clock: Clock; readonly random: Random };

/** A person has to act first. */
const UNTIL_LIFTED = 86_400_000;

/** Between two looks at the same certificate. */
const RECHECK_MS = 3_600_000;

/** After a failed renewal: by the backoff rule. */
export function afterFailure({ clock, random }: Ports, { id, failures }: ManagedCertificate): Reschedule {
  return (failure, { db }) => {
    const now = clock.now();
    const { costs } = meaningOf(failure);
    // RFC 8555 section 6.7, as far as Boulder and others count it: failed validations, and orders that came to nothing.
    if (costs === 'validation' || costs === 'order') wantStagingRun(db, id);
    const active = activeIfReadable(db, id);
    const usual = backoffMs({
      failures: failures + 1,
      uniform: random.uniform(),
      retryAfterMs: retryAfterOf(failure) ?? (failure.facts.link === undefined ? null : UNTIL_LIFTED),
      remainingMs: active === null ? null : active.notAfter - now,
    });
    const wait = Math.min(usual, soonestOf(failure));
    setDue(db, id, { at: now + wait, reason: 'retry' });
    noteFailure(db, id, noteOf(failure, now), true);
    return now + wait;
  };
}

/** When a certificate that this machine does not accept may be looked at again, milliseconds from now. */
function soonestOf(failure: EverbindError): number {
  if (meaningOf(failure).resume !== 'recheck') return Number.POSITIVE_INFINITY;
  // What is awaited is a change of this machine, which nobody tells us.
  return Math.max(1000, Math.ceil(Math.min(RECHECK_MS, failure.facts.retryWithinMs ?? RECHECK_MS)));
}

/** After the end of an attempt that is not tried again as it was. */
export function afterAbandoned(kind: RenewalKind): (ports: Ports, certificate: ManagedCertificate) => Reschedule {
  switch (kind) {
    case 'renewal':
      return afterFailure;
    // A person sees that it came to nothing.
    case 'rollback':
      return keepInUse(false);
    // The certificate is good: another one would not be served where this one is not.
    case 'deployment':
      return keepInUse(true);
  }
}

/** The next attempt comes when the certificate that stays in use is due. */
function keepInUse(counts: boolean): (ports: Ports, certificate: ManagedCertificate) => Reschedule {
  return ({ clock }, { id }) =>
    (failure, { db }) => {
      const now = clock.now();
      const active = activeIfReadable(db, id);
      const due: Due = active === null ? { at: now, reason: 'new' } : dueInUse(db, active);
      setDue(db, id, due);
      noteFailure(db, id, noteOf(failure, now), counts);
      return due.at;
    };
}

function noteOf({ code, message }: EverbindError, at: number): LastError {
  return { code, message: message.slice(0, 2000).toWellFormed(), at };
}

/**
 * Ends a renewal that comes to nothing. A certificate that it got is not used any more; it is retired with the next old
 * ones.
 */
export function closeRenewal(
  { db, audit }: Transaction,
  name: string,
  renewal: Renewal,
  now: number,
  end: { readonly outcome: 'superseded' | 'failed'; readonly data: EventData },
): void {
  endRenewal(db, renewal.id, end.outcome, now);
  if (!isObtaining(renewal)) markUnused(db, renewal.issuedId);
  audit({ type: `${renewal.kind}.${end.outcome}`, subject: name, data: withRenewal(renewal.id, end.data) });
}
