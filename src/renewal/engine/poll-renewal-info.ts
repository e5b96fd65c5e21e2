import { retryAfterOf } from '../../acme/session/response.ts';
import type { RenewalInfo } from '../../acme/messages/renewal-info.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import type { RunContext } from './run-context.ts';
import { certificateById, issuedBefore, issuedWith } from '../state/rows.ts';
import { drawInWindow, dueAfterUse, pollAfterMs, POLL_WITHOUT_WINDOWS_MS } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import { createSilentIssuers, type SilentIssuers } from './silent-issuers.ts';
import { type RenewalInfoToPoll, renewalInfoToPoll } from './windows-to-ask.ts';

const AT_ONCE = 16;
/** Answers of one transaction; whatever the number of certificates, no more are held at a time. */
const PAGE = 500;

/** What asking for a window led to; `info` null: there is none. */
interface Answer {
  readonly asked: RenewalInfoToPoll;
  readonly info: RenewalInfo | null;
  /** When to ask again, milliseconds since 1970; null: never. */
  readonly nextPoll: number | null;
}

/** Asks for every window that may be asked for again. A CA without ARI, or one that does not answer, changes nothing but the time to ask. */
export async function pollRenewalInfo(context: RunContext): Promise<number> {
  const { store, clock, signal } = context;
  const began = clock.now();
  const silent = createSilentIssuers();
  let count = 0;
  for (;;) {
    // Those whose time comes again meanwhile are left to the next run: renewals wait for this one.
    const page = renewalInfoToPoll(store, Math.min(began, clock.now()), PAGE);
    const answers = await askAll(context, page, silent);
    signal.throwIfAborted();
    try {
      await store.commit((transaction) => {
        for (const answer of answers) note(context, transaction, answer);
      });
    } catch {
      // Windows are advice: whatever goes wrong here, renewals go on.
      signal.throwIfAborted();
      return count;
    }
    count += page.length;
    if (page.length < PAGE) return count;
  }
}

async function askAll(
  context: RunContext,
  page: readonly RenewalInfoToPoll[],
  silent: SilentIssuers,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let asked = page[next++]; asked !== undefined && !context.signal.aborted; asked = page[next++]) {
      answers.push(await ask(context, asked, silent));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return answers;
}

async function ask(context: RunContext, asked: RenewalInfoToPoll, silent: SilentIssuers): Promise<Answer> {
  const { clock } = context;
  const { active } = asked;
  if (active === null || active.notAfter <= clock.now()) return { asked, info: null, nextPoll: null };
  const { issuer, ariId } = active;
  if (ariId !== null && silent.has(issuer)) return { asked, info: null, nextPoll: clock.now() + pollAfterMs(null) };
  try {
    const info = ariId === null ? null : await (context.renewalInfo ?? askCa(context))(issuer, ariId);
    if (ariId !== null) silent.note(issuer, null);
    if (info === null) return { asked, info, nextPoll: clock.now() + POLL_WITHOUT_WINDOWS_MS };
    return { asked, info, nextPoll: clock.now() + pollAfterMs(info.retryAfterMs) };
  } catch (error) {
    silent.note(issuer, error);
    return { asked, info: null, nextPoll: clock.now() + pollAfterMs(retryAfterOf(error)) };
  }
}

function askCa({ sessions, signal }: RunContext): NonNullable<RunContext['renewalInfo']> {
  return async (issuer, id) => {
    const { client } = await sessions.open(issuer);
    const { renewalInfo } = await client.directory(signal);
    return renewalInfo === null ? null : client.renewalInfo(id, signal);
  };
}

function note(context: RunContext, transaction: Transaction, { asked, info, nextPoll }: Answer): void {
  const { id, known } = asked;
  statement(transaction.db, 'UPDATE certificate SET next_poll = ? WHERE id = ?').run(nextPoll, id);
  if (info === null) return;
  const stands = known !== null && known.start === info.window.start && known.end === info.window.end;
  if (!stands) drawAnew(context, transaction, id, info);
  if (!stands || known.explanationUrl !== info.explanationUrl) noteReceived(transaction, id, info);
}

/** A moment in a window that is new. */
function drawAnew({ random }: RunContext, { db }: Transaction, id: number, { window }: RenewalInfo): void {
  const certificate = certificateById(db, id);
  const [active] = issuedWith(db, id, 'active');
  if (certificate === null || active === undefined) return;
  const selected = drawInWindow(window, random.uniform());
  const wanted = dueAfterUse(active, selected, issuedBefore(db, active));
  const due = placeDue(certificate.config.maintenance, wanted, active, random.uniform());
  statement(db, 'UPDATE certificate SET window_start = ?, window_end = ?, selected = ? WHERE id = ?').run(
    window.start,
    window.end,
    selected,
    id,
  );
  // What has another reason stands: a person's wish, a failure, a change.
  statement(
    db,
    `UPDATE certificate SET next_due = ?, due_reason = ? WHERE id = ? AND due_reason IN ('lifetime', 'ari-window', 'maintenance')`,
  ).run(due.at, due.reason, id);
}

function noteReceived({ db, audit }: Transaction, id: number, { window, explanationUrl }: RenewalInfo): void {
  statement(db, 'UPDATE certificate SET explanation_url = ? WHERE id = ?').run(explanationUrl, id);
  const row = statement(db, 'SELECT name, selected FROM certificate WHERE id = ?').get(id) ?? {};
  audit({
    type: 'renewal-info.received',
    subject: row['name'] as string,
    data: {
      start: new Date(window.start).toISOString(),
      end: new Date(window.end).toISOString(),
      selected: new Date(row['selected'] as number).toISOString(),
      explanation: explanationUrl,
    },
  });
}
