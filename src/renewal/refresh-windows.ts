import { retryAfterOf } from '../acme/answer.ts';
import { certificateId } from '../acme/ari.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { parsePemCertificates } from '../pki/pem.ts';
import { statement } from '../store/statements.ts';
import type { EngineContext } from './context.ts';
import { certificateById, issuedWith } from './rows.ts';
import { drawInWindow, dueAt, pollAfterMs } from './schedule.ts';
import { placeDue } from './schedule-maintenance.ts';
import { windowsToAsk } from './windows-to-ask.ts';

const AT_ONCE = 16;

/** Asks for every window that may be asked for again. A CA without ARI, or one that does not answer, changes nothing but the time to ask. */
export async function refreshWindows(context: EngineContext): Promise<number> {
  const ids = [...windowsToAsk(context.store, context.clock.now())];
  const count = ids.length;
  const worker = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) await refreshWindow(context, id);
  };
  // Windows are advice: whatever goes wrong here, renewals go on.
  await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  context.signal.throwIfAborted();
  return count;
}

async function refreshWindow({ store, sessions, clock, random, signal }: EngineContext, id: number): Promise<void> {
  const certificate = store.read((db) => certificateById(db, id));
  const [active] = store.read((db) => issuedWith(db, id, 'active'));
  if (certificate === null || active === undefined || active.notAfter <= clock.now()) {
    await pollAt(store, id, null);
    return;
  }
  try {
    const { client } = await sessions.open(active.issuer);
    const { renewalInfo } = await client.directory(signal);
    const [leaf] = parsePemCertificates(active.chain);
    if (renewalInfo === null || leaf === undefined) {
      await pollAt(store, id, clock.now() + pollAfterMs(null));
      return;
    }
    const info = await client.renewalInfo(certificateId(parseCertificate(leaf)), signal);
    await store.commit(({ db, audit }) => {
      const row =
        statement(db, 'SELECT window_start, window_end, selected, explanation_url FROM certificate WHERE id = ?').get(
          id,
        ) ?? {};
      const same = row['window_start'] === info.window.start && row['window_end'] === info.window.end;
      const selected = same ? (row['selected'] as number) : drawInWindow(info.window, random.uniform());
      const due = placeDue(certificate.config.maintenance, dueAt(active, selected), active, random.uniform());
      statement(
        db,
        `UPDATE certificate SET window_start = ?, window_end = ?, selected = ?, explanation_url = ?, next_poll = ? WHERE id = ?`,
      ).run(
        info.window.start,
        info.window.end,
        selected,
        info.explanationUrl,
        clock.now() + pollAfterMs(info.retryAfterMs),
        id,
      );
      // What has another reason stands: a person's wish, a failure, a change.
      statement(
        db,
        `UPDATE certificate SET next_due = ?, due_reason = ? WHERE id = ? AND due_reason IN ('lifetime', 'window', 'maintenance')`,
      ).run(due.at, due.reason, id);
      if (same && row['explanation_url'] === info.explanationUrl) return;
      audit({
        type: 'window.received',
        subject: certificate.name,
        data: {
          start: new Date(info.window.start).toISOString(),
          end: new Date(info.window.end).toISOString(),
          selected: new Date(selected).toISOString(),
          explanation: info.explanationUrl,
        },
      });
    });
  } catch (error) {
    signal.throwIfAborted();
    await pollAt(store, id, clock.now() + pollAfterMs(retryAfterOf(error)));
  }
}

async function pollAt(store: EngineContext['store'], id: number, at: number | null): Promise<void> {
  await store.commit(({ db }) => void statement(db, 'UPDATE certificate SET next_poll = ? WHERE id = ?').run(at, id));
}
