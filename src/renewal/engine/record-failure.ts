import { asEverbindError, EverbindError, meaningOf } from '../../errors/error.ts';
import { giveBackTokens } from '../ratelimits/limiter.ts';
import { applyAgain } from '../state/applied-config.ts';
import { damagedCertificate, type ManagedCertificate } from '../state/certificate-table.ts';
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
    if (failure.code === 'STORE_CORRUPT') applyAgain(transaction.db);
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

/** A certificate whose row is damaged: the next run writes it anew, and goes on with it then. */
export async function noteDamaged({ store, clock }: RunContext, id: number): Promise<Failed> {
  const [name = `row ${id}`] = store.read((db) => damagedCertificate(db, id)).names;
  const message = `the row of ${name} in the table certificate is not as it was written`;
  const { code, action } = new EverbindError('STORE_CORRUPT', message);
  await store.commit(({ db, audit }) => {
    applyAgain(db);
    audit({ type: 'state.damaged', subject: name, data: { table: 'certificate', row: id } });
  });
  return { kind: 'failed', name, code, message, action, link: null, nextAttempt: clock.now() };
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
