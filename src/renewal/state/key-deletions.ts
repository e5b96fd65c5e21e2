import type { KeyHandle } from '../../ports/key-store.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import type { EnginePorts } from '../engine/engine-ports.ts';

/** What could not be destroyed is tried again after this time. */
const AGAIN_MS = 86_400_000;

/**
 * Notes a key that is not needed any more, or will not be once this run is over, in the transaction that makes it so. It is destroyed at the end
 * of a run from `at` on; a kill leaves it to the next one.
 */
export function scheduleKeyDeletion({ db }: Transaction, subject: string, handle: KeyHandle, at: number): void {
  statement(
    db,
    'INSERT INTO key_deletion (handle, subject, destroy_at) VALUES (?, ?, ?) ON CONFLICT (handle) DO UPDATE SET destroy_at = excluded.destroy_at',
  ).run(handle, subject, at);
}

/** Destroys what is spent by now. One that cannot be destroyed keeps nobody from the others. */
export async function deleteScheduledKeys({ store, keys, clock }: EnginePorts): Promise<void> {
  const rows = store.read((db) =>
    statement(db, 'SELECT handle, subject FROM key_deletion WHERE destroy_at <= ? LIMIT 1000').all(clock.now()),
  );
  for (const row of rows) {
    const [handle, subject] = [row['handle'] as string, row['subject'] as string];
    const destroyed = await keys.destroy(handle).then(
      () => true,
      () => false,
    );
    await store.commit(({ db, audit }) => {
      if (!destroyed) {
        const later = 'UPDATE key_deletion SET destroy_at = ? WHERE handle = ?';
        statement(db, later).run(clock.now() + AGAIN_MS, handle);
        return;
      }
      statement(db, 'DELETE FROM key_deletion WHERE handle = ?').run(handle);
      audit({ type: 'key.destroyed', subject, data: { key: handle } });
    });
  }
}
