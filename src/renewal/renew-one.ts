import { retryAfterOf } from '../acme/answer.ts';
import type { EverbindError } from '../errors/error.ts';
import { statement } from '../store/statements.ts';
import { cleanUpLeftovers } from './authorize.ts';
import type { EngineContext } from './context.ts';
import { asKnown, isResumable, isStop } from './failure.ts';
import { withRenewal } from './journal.ts';
import { obtain } from './obtain.ts';
import { putToUse, type Reschedule } from './put-to-use.ts';
import { retireOld } from './retire.ts';
import { issuedById, issuedWith, openRenewal } from './rows.ts';
import { backoffMs } from './schedule.ts';
import type { ManagedCertificate, Outcome, Renewal } from './types.ts';

const acmeSteps: ReadonlySet<Renewal['step']> = new Set(['started', 'key', 'order-requested', 'ordered', 'authorized']);

/** One renewal of one certificate, begun or resumed. Failure is data; only the wish to stop is thrown. */
export async function renewOne(context: EngineContext, certificate: ManagedCertificate): Promise<Outcome> {
  let renewal: Renewal | null = null;
  try {
    renewal = await takeUp(context, certificate);
    await cleanUpLeftovers(context, renewal);
    if (acmeSteps.has(renewal.step)) renewal = await obtain(context, certificate, renewal);
    const outcome = await putToUse(context, certificate, renewal, rescheduler(context, certificate));
    if (outcome.kind === 'renewed') await retireOld(context, certificate);
    return outcome;
  } catch (error) {
    context.signal.throwIfAborted();
    if (isStop(error)) throw error;
    return recordFailure(context, certificate, error);
  }
}

/** The open renewal if it still fits the configuration, else a new one. */
async function takeUp(context: EngineContext, certificate: ManagedCertificate): Promise<Renewal> {
  const { store } = context;
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && stillWanted(context, certificate, open)) {
    await store.commit(({ audit }) =>
      audit({ type: 'renewal.resumed', subject: certificate.name, data: { renewal: open.id, step: open.step } }),
    );
    return open;
  }
  if (open !== null) {
    await cleanUpLeftovers(context, open);
    await close(context, certificate, open, 'superseded', { reason: 'configuration changed' });
  }
  return begin(context, certificate);
}

function stillWanted({ store, clock }: EngineContext, { config }: ManagedCertificate, open: Renewal): boolean {
  // Bindings that were changed must be verified or restored first, whatever is wanted now.
  if (open.step === 'planned' || open.step === 'bound' || open.step === 'undoing' || open.kind === 'rollback')
    return true;
  if (JSON.stringify(open.identifiers) !== JSON.stringify(config.identifiers)) return false;
  if (open.issuedId === null) return config.issuers.includes(open.issuer);
  const issued = store.read((db) => issuedById(db, open.issuedId ?? 0));
  if (issued === null) return false;
  // A certificate that waited for its binding for half its life is renewed instead.
  return clock.now() < (issued.notBefore + issued.notAfter) / 2;
}

async function begin(
  { store, random, clock, keys }: EngineContext,
  { id, name, config }: ManagedCertificate,
): Promise<Renewal> {
  const renewalId = Buffer.from(random.bytes(8)).toString('hex');
  const [active] = store.read((db) => issuedWith(db, id, 'active'));
  const reused = config.key.reuse && active !== undefined;
  const renewal: Renewal = {
    id: renewalId,
    certificateId: id,
    kind: 'renewal',
    step: reused ? 'key' : 'started',
    issuer: config.issuers[0] ?? '',
    identifiers: config.identifiers,
    keyHandle: reused ? active.keyHandle : `${keys.provider}:r-${renewalId}`,
    accountUrl: null,
    orderUrl: null,
    issuedId: null,
    plans: null,
    rollbacks: 0,
    startedAt: clock.now(),
  };
  await insertRenewal(store, name, renewal);
  return renewal;
}

/** Journals the start of a renewal or of a rollback. */
export async function insertRenewal(store: EngineContext['store'], name: string, renewal: Renewal): Promise<void> {
  await store.commit(({ db, audit }) => {
    statement(
      db,
      `INSERT INTO renewal (id, certificate_id, kind, step, issuer, identifiers, key_handle, issued_id, started_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      renewal.id,
      renewal.certificateId,
      renewal.kind,
      renewal.step,
      renewal.issuer,
      JSON.stringify(renewal.identifiers),
      renewal.keyHandle,
      renewal.issuedId,
      renewal.startedAt,
    );
    audit({
      type: `${renewal.kind}.started`,
      subject: name,
      data: withRenewal(renewal.id, { issuer: renewal.issuer, key: renewal.keyHandle }),
    });
  });
}

async function close(
  { store, clock }: EngineContext,
  { name }: ManagedCertificate,
  renewal: Renewal,
  outcome: 'superseded' | 'failed',
  data: { readonly [key: string]: string | number },
): Promise<void> {
  await store.commit(({ db, audit }) => {
    statement(db, 'UPDATE renewal SET outcome = ?, finished_at = ? WHERE id = ?').run(outcome, clock.now(), renewal.id);
    if (renewal.issuedId !== null) {
      statement(db, `UPDATE issued SET status = 'failed' WHERE id = ? AND status = 'pending'`).run(renewal.issuedId);
    }
    audit({ type: `renewal.${outcome}`, subject: name, data: withRenewal(renewal.id, data) });
  });
}

/** Schedules the next attempt by the backoff rule. */
export function rescheduler({ clock, random }: EngineContext, { id, failures }: ManagedCertificate): Reschedule {
  return (failure, { db }) => {
    const at = clock.now();
    const nextDue = at + backoffMs(failures + 1, random.uniform(), retryAfterOf(failure));
    statement(
      db,
      `UPDATE certificate SET next_due = ?, due_reason = 'retry', failures = failures + 1, last_error = ? WHERE id = ?`,
    ).run(nextDue, JSON.stringify({ code: failure.code, message: failure.message.slice(0, 2000), at }), id);
    return nextDue;
  };
}

async function recordFailure(
  context: EngineContext,
  certificate: ManagedCertificate,
  error: unknown,
): Promise<Outcome> {
  const { store } = context;
  const failure = asKnown(error);
  const renewal = store.read((db) => openRenewal(db, certificate.id));
  const keepOpen = renewal === null || !acmeSteps.has(renewal.step) || isResumable(error);
  if (renewal !== null) await cleanUpLeftovers(context, renewal).catch(() => {});
  const reschedule = rescheduler(context, certificate);
  let nextAttempt = 0;
  await store.commit((transaction) => {
    nextAttempt = reschedule(failure, transaction);
    transaction.audit({
      type: 'renewal.attempt-failed',
      subject: certificate.name,
      data: failureData(failure, renewal),
    });
  });
  if (renewal !== null && !keepOpen) await close(context, certificate, renewal, 'failed', { code: failure.code });
  context.onProgress?.({ name: certificate.name, step: 'renewal.attempt-failed' });
  return {
    kind: 'failed',
    name: certificate.name,
    code: failure.code,
    message: failure.message,
    action: failure.action,
    nextAttempt,
  };
}

function failureData(failure: EverbindError, renewal: Renewal | null): { readonly [key: string]: string | null } {
  const problem = failure.details['problem'];
  return {
    renewal: renewal?.id ?? null,
    step: renewal?.step ?? null,
    code: failure.code,
    problem: typeof problem === 'string' ? problem : null,
    message: failure.message.slice(0, 2000).toWellFormed(),
  };
}
