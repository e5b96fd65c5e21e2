import type { KeyHandle } from '../../ports/key-store.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import type { EngineParts } from '../engine/engine-ports.ts';

/** What could not be destroyed is tried again after this time. */
const AGAIN_MS = 86_400_000;

/**
 * Notes a key that is not needed any more, or will not be once this run is over, in the transaction that makes it so. It is destroyed at the end
 * of a run from `at` on; a kill leaves it to the next one.
 */
export function spendKey({ db }: Transaction, subject: string, handle: KeyHandle, at: number): void {
  statement(
    db,
    'INSERT INTO spent_key (handle, subject, destroy_at) VALUES (?, ?, ?) ON CONFLICT (handle) DO UPDATE SET destroy_at = excluded.destroy_at',
  ).run(handle, subject, at);
}

/** Destroys what is spent by now. One that cannot be destroyed keeps nobody from the others. */
export async function destroySpentKeys({ store, keys, clock }: EngineParts): Promise<void> {
  const rows = store.read((db) =>
    statement(db, 'SELECT handle, subject FROM spent_key WHERE destroy_at <= ? LIMIT 1000').all(clock.now()),
  );
  for (const row of rows) {
    const [handle, subject] = [row['handle'] as string, row['subject'] as string];
    const destroyed = await keys.destroy(handle).then(
      () => true,
      () => false,
    );
    await store.commit(({ db, audit }) => {
      if (!destroyed) {
        const later = 'UPDATE spent_key SET destroy_at = ? WHERE handle = ?';
        statement(db, later).run(clock.now() + AGAIN_MS, handle);
        return;
      }
      statement(db, 'DELETE FROM spent_key WHERE handle = ?').run(handle);
      audit({ type: 'key.destroyed', subject, data: { key: handle } });
    });
  }
}
