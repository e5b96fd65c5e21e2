import { meaningOf, retryAfterOf } from '../../errors/error.ts';
import type { SuggestedWindow } from '../../ports/issuer.ts';
import type { Transaction } from '../../store/store.ts';
import { drawInWindow, dueAfterUse, pollAfterMs, POLL_WITHOUT_WINDOWS_MS } from '../schedule/due-date.ts';
import { placeDue } from '../schedule/maintenance.ts';
import { certificatesToPoll, type ToPoll } from '../state/certificate-queries.ts';
import { ariWindowOf, certificateById, setAriWindow, setDue, setNextPoll } from '../state/certificate-table.ts';
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
 * Asks for every ARI window that may be asked for again. An issuer without ARI, or one that does not answer, changes
 * nothing but the time to ask.
 */
export async function pollRenewalInfo(context: RunContext): Promise<number> {
  const { clock, signal } = context;
  const began = clock.now();
  const silent = createSilentIssuers();
  let count = 0;
  for (;;) {
    // Those whose time comes again meanwhile are left to the next run: renewals wait for this one.
    const asked = await pollPage(context, Math.min(began, clock.now()), silent).catch(() => null);
    signal.throwIfAborted();
    // ARI windows are advice: whatever goes wrong here, renewals go on.
    if (asked === null) return count;
    count += asked;
    if (asked < PAGE) return count;
  }
}

/** How many certificates were asked for. */
async function pollPage(context: RunContext, until: number, silent: SilentIssuers): Promise<number> {
  const page = context.store.read((db) => certificatesToPoll(db, until, PAGE));
  const responses = await pollAll(context, page, silent);
  context.signal.throwIfAborted();
  await context.store.commit((transaction) => {
    for (const polled of responses) note(context, transaction, polled);
  });
  return page.length;
}

/**
 * Issuers that are not asked any more in a run: each question to one that is down takes its time, and renewals wait for
 * it.
 */
interface SilentIssuers {
  has(issuer: string): boolean;
  /** `error`: why it did not answer; null: it did. */
  note(issuer: string, error: unknown): void;
}

/** So many questions in a row without a response. */
const IN_VAIN = 3;

function createSilentIssuers(): SilentIssuers {
  const inVain = new Map<string, number>();
  return {
    has: (issuer) => (inVain.get(issuer) ?? 0) >= IN_VAIN,
    note: (issuer, error) => {
      const { blames, resume } = meaningOf(error);
      if (error === null) inVain.delete(issuer);
      // What it does not want to say of one certificate it may say of the next.
      else if (blames !== 'us' && resume === 'continue') inVain.set(issuer, (inVain.get(issuer) ?? 0) + 1);
    },
  };
}

async function pollAll(
  context: RunContext,
  page: readonly ToPoll[],
  silent: SilentIssuers,
): Promise<readonly Polled[]> {
  const responses: Polled[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let asked = page[next++]; asked !== undefined && !context.signal.aborted; asked = page[next++]) {
      responses.push(await poll(context, asked, silent));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return responses;
}

async function poll({ clock, issuers }: RunContext, asked: ToPoll, silent: SilentIssuers): Promise<Polled> {
  const { active } = asked;
  if (active === null || active.notAfter <= clock.now()) return { asked, suggested: null, nextPoll: null };
  const { issuer, ariId } = active;
  if (ariId === null) return { asked, suggested: null, nextPoll: clock.now() + POLL_WITHOUT_WINDOWS_MS };
  if (silent.has(issuer)) return { asked, suggested: null, nextPoll: clock.now() + pollAfterMs(null) };
  try {
    const suggested = await issuers.open(issuer).renewalInformation(ariId);
    silent.note(issuer, null);
    const wait = suggested === null ? POLL_WITHOUT_WINDOWS_MS : pollAfterMs(suggested.retryAfterMs);
    return { asked, suggested, nextPoll: clock.now() + wait };
  } catch (error) {
    silent.note(issuer, error);
    return { asked, suggested: null, nextPoll: clock.now() + pollAfterMs(retryAfterOf(error)) };
  }
}

function note(context: RunContext, transaction: Transaction, { asked, suggested, nextPoll }: Polled): void {
  const { id, known } = asked;
  setNextPoll(transaction.db, id, nextPoll);
  if (suggested === null) return;
  const { start, end } = suggested.window;
  const stands = known !== null && known.start === start && known.end === end;
  if (stands && known.explanationUrl === suggested.explanationUrl) return;
  noteWindow(context, transaction, id, suggested, stands);
}

/** A window that is new gets a draw of its own; one that stands keeps the draw that it has. */
function noteWindow(
  { random }: RunContext,
  { db, audit }: Transaction,
  id: number,
  { window, explanationUrl }: SuggestedWindow,
  stands: boolean,
): void {
  const certificate = certificateById(db, id);
  const active = activeOf(db, id);
  if (certificate === null || active === null) return;
  const drawn = stands ? ariWindowOf(db, id)?.selected : undefined;
  const selected = drawn ?? drawInWindow(window, random.uniform());
  setAriWindow(db, id, { ...window, selected, explanationUrl });
  if (drawn === undefined) {
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
}
