import { asEverbindError, type EverbindError, meaningOf } from '../../errors/error.ts';
import { giveBackTokens } from '../ratelimits/limiter.ts';
import type { ManagedCertificate } from '../state/certificate-table.ts';
import {
  endUnreadable,
  isDeploying,
  isObtaining,
  openRenewalIfReadable,
  type Renewal,
} from '../state/renewal-table.ts';
import type { RunContext } from './engine-ports.ts';
import type { Failed } from './outcome.ts';
import { afterAbandoned, afterFailure, closeRenewal } from './end-attempt.ts';
import { isResumable } from './resumable.ts';

/** Notes why an attempt failed and when the next one comes. What can go on later stays open. */
export async function recordFailure(
  context: RunContext,
  certificate: ManagedCertificate,
  error: unknown,
): Promise<Failed> {
  const { store, clock } = context;
  const { name } = certificate;
  const failure = asEverbindError(error);
  const open = store.read((db) => openRenewalIfReadable(db, certificate.id));
  const keep = open !== null && goesOnLater(open, error, clock.now());
  const abandoned = open?.kind === 'rollback' && !keep;
  const reschedule = (abandoned ? afterAbandoned('rollback') : afterFailure)(context, certificate);
  let nextAttempt = 0;
  await store.commit((transaction) => {
    nextAttempt = reschedule(failure, transaction);
    transaction.audit({
      type: 'renewal.attempt-failed',
      subject: name,
      data: { renewal: open?.id ?? null, step: open?.step ?? null, ...failureData(failure) },
    });
    if (open === null) {
      const id = failure.code === 'STORE_CORRUPT' ? endUnreadable(transaction.db, certificate.id, clock.now()) : null;
      if (id !== null)
        transaction.audit({ type: 'renewal.failed', subject: name, data: { renewal: id, code: failure.code } });
      return;
    }
    if (keep) return;
    giveBackTokens(transaction, open, error, clock.now());
    closeRenewal(transaction, name, open, clock.now(), { outcome: 'failed', data: { code: failure.code } });
  });
  context.onProgress?.({ name, step: 'renewal.attempt-failed' });
  const { code, message, action, facts } = failure;
  return { kind: 'failed', name, code, message, action, link: facts.link ?? null, nextAttempt };
}

/** A roll-back is an order of a person for now: unless bindings were changed it does not come back by itself. */
function goesOnLater(renewal: Renewal, error: unknown, now: number): boolean {
  if (isDeploying(renewal)) return true;
  if (meaningOf(error).resume === 'discard') return false;
  if (renewal.kind === 'rollback') return false;
  return !isObtaining(renewal) || isResumable(error, renewal, now);
}

/** What an audit event keeps of a failure. */
export function failureData({ code, message, facts }: EverbindError): { readonly [key: string]: string | null } {
  return { code, problem: facts.problem ?? null, message: message.slice(0, 2000).toWellFormed() };
}
