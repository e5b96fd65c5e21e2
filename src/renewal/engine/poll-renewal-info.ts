import { withDeadline } from '../../concurrency/deadline.ts';
import { meaningOf, retryAfterOf } from '../../errors/error.ts';
import type { SuggestedWindow } from '../../ports/issuer.ts';
import { ifReadable } from '../../store/row.ts';
import type { Transaction } from '../../store/store.ts';
import { applyAgain } from '../state/applied-config.ts';
import { drawInWindow, dueAfterUse, keepsDraw, pollAfterMs, POLL_WITHOUT_WINDOWS_MS } from '../schedule/due-date.ts';
import { overdue, POLLING_MS } from '../schedule/issuer-backoff.ts';
import { placeDue } from '../schedule/maintenance.ts';
import { certificatesToPoll, issuersToPoll, type ToPoll } from '../state/certificate-queries.ts';
import {
  type AriWindow,
  ariWindowOf,
  certificateById,
  setAriWindow,
  setDue,
  setNextPoll,
} from '../state/certificate-table.ts';
import { activeOf, issuedBefore } from '../state/issued-table.ts';
import type { RunContext } from './engine-ports.ts';

const AT_ONCE = 16;
/** Responses of one transaction; whatever the number of certificates, no more are held at a time. */
const PAGE = 500;

/** What asking for an ARI window led to. */
interface Polled {
  readonly asked: ToPoll;
  /** null: there is none. */
  readonly suggested: SuggestedWindow | null;
  /** When to ask again, milliseconds since 1970; null: never. */
  readonly nextPoll: number | null;
}

/**
 * Asks for every ARI window that may be asked for again, of each issuer for itself. An issuer without ARI, or one that
 * does not answer, changes nothing but the time to ask. Returns how many came up.
 */
export async function pollRenewalInfo(context: RunContext): Promise<number> {
  const { store, clock, onWork } = context;
  onWork?.(POLLING_MS);
  const began = clock.now();
  const issuers = store.read((db) => issuersToPoll(db, began));
  const counts = await Promise.all(issuers.map((issuer) => pollIssuer(context, issuer, began)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * All of one issuer; what does not respond in time is left to another run, and its certificates get their time to ask.
 */
function pollIssuer(context: RunContext, issuer: string | null, began: number): Promise<number> {
  const { clock, signal } = context;
  const silence = createSilence();
  const late = (): Error => overdue(`renewal information of ${issuer}`, POLLING_MS, 'issuer');
  return withDeadline({ clock, ms: POLLING_MS, signal, late }, async (look) => {
    look.addEventListener('abort', silence.begin, { once: true });
    let count = 0;
    for (;;) {
      // Those whose time comes again meanwhile are left to the next run.
      const asked = await pollPage({ ...context, signal: look }, issuer, Math.min(began, clock.now()), silence).catch(
        () => null,
      );
      signal.throwIfAborted();
      // ARI windows are advice: whatever goes wrong here, renewals go on.
      if (asked === null) return count;
      count += asked;
      if (asked < PAGE) return count;
    }
  });
}

/** How many certificates were asked for. */
async function pollPage(context: RunContext, issuer: string | null, until: number, silence: Silence): Promise<number> {
  const page = context.store.read((db) => certificatesToPoll(db, until, issuer, PAGE));
  const responses = await pollAll(context, page, silence);
  await context.store.commit((transaction) => {
    for (const polled of responses) note(context, transaction, polled);
  });
  return page.length;
}

/** An issuer that does not respond is not asked any more in a run: each question takes its time. */
interface Silence {
  isKept(): boolean;
  /** `error`: why it did not answer; null: it did. */
  note(error: unknown): void;
  begin(): void;
}

/** So many questions in a row without a response. */
const IN_VAIN = 3;

function createSilence(): Silence {
  let inVain = 0;
  let begun = false;
  return {
    isKept: () => begun || inVain >= IN_VAIN,
    note: (error) => {
      const { blames, resume } = meaningOf(error);
      if (error === null) inVain = 0;
      // What it does not want to say of one certificate it may say of the next.
      else if (blames !== 'us' && resume === 'continue') inVain += 1;
    },
    begin: () => {
      begun = true;
    },
  };
}

async function pollAll(context: RunContext, page: readonly ToPoll[], silence: Silence): Promise<readonly Polled[]> {
  const responses: Polled[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let asked = page[next++]; asked !== undefined; asked = page[next++]) {
      responses.push(await poll(context, asked, silence));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return responses;
}

async function poll({ clock, issuers, signal }: RunContext, asked: ToPoll, silence: Silence): Promise<Polled> {
  const { active } = asked;
  if (active === null || active.notAfter <= clock.now()) return { asked, suggested: null, nextPoll: null };
  const { issuer, ariId } = active;
  if (ariId === null) return { asked, suggested: null, nextPoll: clock.now() + POLL_WITHOUT_WINDOWS_MS };
  if (silence.isKept()) return { asked, suggested: null, nextPoll: clock.now() + pollAfterMs(null) };
  try {
    const suggested = await issuers.open(issuer, signal).renewalInformation(ariId);
    silence.note(null);
    const wait = suggested === null ? POLL_WITHOUT_WINDOWS_MS : pollAfterMs(suggested.retryAfterMs);
    return { asked, suggested, nextPoll: clock.now() + wait };
  } catch (error) {
    silence.note(error);
    return { asked, suggested: null, nextPoll: clock.now() + pollAfterMs(retryAfterOf(error)) };
  }
}

function note(context: RunContext, transaction: Transaction, { asked, suggested, nextPoll }: Polled): void {
  const { db } = transaction;
  const { id } = asked;
  setNextPoll(db, id, nextPoll);
  if (suggested === null) return;
  const known = ariWindowOf(db, id);
  const told = ifReadable(() => noteWindow(context, transaction, id, suggested, known));
  // A row that is damaged keeps no other certificate from its window; the next run writes it anew.
  if (told === null) return applyAgain(db);
  // A CA that says something else each minute is not followed from minute to minute: each time is an event.
  if (told && known !== null && nextPoll !== null)
    setNextPoll(db, id, Math.max(nextPoll, context.clock.now() + pollAfterMs(null)));
}

/**
 * A window gets a draw of its own when it changes the plan: the draw that is there stays while it lies in the window,
 * or hardly outside. Returns whether the log was told: of another plan, or another explanation.
 */
function noteWindow(
  { random }: RunContext,
  { db, audit }: Transaction,
  id: number,
  { window, explanationUrl }: SuggestedWindow,
  known: AriWindow | null,
): boolean {
  const certificate = certificateById(db, id);
  const active = activeOf(db, id);
  if (certificate === null || active === null) return false;
  const keeps = known !== null && keepsDraw(known.selected, window);
  const selected = keeps ? known.selected : drawInWindow(window, random.uniform());
  setAriWindow(db, id, { ...window, selected, explanationUrl });
  if (keeps && known.explanationUrl === explanationUrl) return false;
  if (!keeps) {
    const wanted = dueAfterUse(active, selected, issuedBefore(db, active));
    setDue(db, id, placeDue(certificate.config.maintenance, wanted, active, random.uniform()), 'polled');
  }
  audit({
    type: 'renewal-info.received',
    subject: certificate.name,
    data: {
      start: new Date(window.start).toISOString(),
      end: new Date(window.end).toISOString(),
      selected: new Date(selected).toISOString(),
      explanation: explanationUrl,
    },
  });
  return true;
}
