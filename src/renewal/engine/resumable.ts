import { type EverbindError, meaningOf } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../store/store.ts';
import { activeOf } from '../state/issued-table.ts';
import type { Obtaining } from '../state/renewal-table.ts';

const HOUR_MS = 3_600_000;

/**
 * A certificate that may be good, and that this machine does not accept, is kept for so long. Another one would fail
 * alike; but it may also be the issuer that is at fault after all. One in two days is no more than four a week, where
 * CAs allow five.
 */
const RECHECKED_MS = 48 * HOUR_MS;

/** An order that an issuer leaves unfinished, or says nothing sensible of, for longer has been forgotten; some do. */
export const PATIENCE_MS = 24 * HOUR_MS;

type Asked = Pick<Obtaining, 'startedAt'> & { readonly authorizedAt?: number };

/** How long the issuer has been asked in vain: for the certificate, or before that for the order. Milliseconds. */
export function askedForMs({ startedAt, authorizedAt }: Asked, now: number): number {
  return now - (authorizedAt ?? startedAt);
}

/**
 * Whether a failure before the certificate is there leaves an order that the next attempt can finish. An issuer that
 * fails at one order for longer than a day may never finish it, although it works.
 */
export function isResumable(error: unknown, renewal: Asked, now: number): boolean {
  const asked = askedForMs(renewal, now);
  const { resume, blames } = meaningOf(error);
  switch (resume) {
    case 'continue':
      return blames !== 'issuer' || asked < PATIENCE_MS;
    case 'ask':
      return asked < PATIENCE_MS;
    case 'recheck':
      return asked < RECHECKED_MS;
    case 'restart':
    case 'discard':
      return false;
  }
}

/** Those with which a certificate that is there was not accepted. */
const NOT_ACCEPTED: ReadonlySet<ErrorCode> = new Set(['PKI_CHAIN_INVALID', 'PKI_CLOCK_WRONG', 'PKI_ISSUED_VALIDITY']);

/**
 * How long to wait before another certificate is asked for, where the issuer has lost the order of one that this
 * machine did not accept: it might not accept the next one either. Milliseconds; null: no longer.
 */
export function recheckedForMs(renewal: Asked, lastCode: ErrorCode | null, now: number): number | null {
  const left = RECHECKED_MS - askedForMs(renewal, now);
  return lastCode !== null && NOT_ACCEPTED.has(lastCode) && left > 0 ? left : null;
}

const OF_THE_LINE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ACME_TRANSPORT',
  'ACME_TIMEOUT',
  'ACME_SERVER_UNTRUSTED',
  'ACME_HOST_BACKOFF',
]);

/**
 * Whether the issuer failed at an order in a way that another order may not meet, rather than the line to it, or all of
 * it for now: a person who forces a renewal then gets another order.
 */
export function isOfTheOrder(error: EverbindError): boolean {
  const { httpStatus } = error.facts;
  return (
    meaningOf(error).blames === 'issuer' && !OF_THE_LINE.has(error.code) && httpStatus !== 503 && httpStatus !== 429
  );
}

/**
 * Whether the issuer was asked for the certificate and may have issued it: another issuer would make it two for one due
 * date. It is asked for up to a day how things stand; for an hour where nothing valid is in use, and not at all where
 * that is about to expire.
 */
export function mayHaveIssued(
  { store, clock }: { readonly store: Pick<Store, 'read'>; readonly clock: Pick<Clock, 'now'> },
  renewal: Pick<Obtaining, 'certificateId' | 'step' | 'startedAt'> & { readonly authorizedAt?: number },
): boolean {
  if (renewal.step !== 'authorized') return false;
  const now = clock.now();
  const active = store.read((db) => activeOf(db, renewal.certificateId));
  if (active === null || active.notAfter <= now) return askedForMs(renewal, now) < HOUR_MS;
  return askedForMs(renewal, now) < PATIENCE_MS && active.notAfter - now > 2 * PATIENCE_MS;
}
