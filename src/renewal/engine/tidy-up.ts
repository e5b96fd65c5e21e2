import { retireLeftovers } from '../deployment/retire.ts';
import { deleteKeyLater, dueKeyDeletions, noteKeyDeleted } from '../state/key-deletions.ts';
import type { EnginePorts, RunContext } from './engine-ports.ts';

/**
 * What earlier runs left behind. A failure takes nothing back from this run: what remains is tried again at a later
 * one.
 */
export async function tidyUp(context: RunContext): Promise<void> {
  await context.issuers.tidyUp().catch(() => {});
  await retireLeftovers(context).catch(() => {});
  await destroyDueKeys(context).catch(() => {});
  context.signal.throwIfAborted();
}

/** What could not be destroyed is tried again after this time. */
const AGAIN_MS = 86_400_000;

/** Destroys the keys that nothing needs by now. One that cannot be destroyed keeps nobody from the others. */
export async function destroyDueKeys({
  store,
  keys,
  clock,
}: Pick<EnginePorts, 'store' | 'keys' | 'clock'>): Promise<void> {
  for (const due of store.read((db) => dueKeyDeletions(db, clock.now()))) {
    const destroyed = await keys.destroy(due.handle).then(
      () => true,
      () => false,
    );
    await store.commit((transaction) =>
      destroyed ? noteKeyDeleted(transaction, due) : deleteKeyLater(transaction, due.handle, clock.now() + AGAIN_MS),
    );
  }
}
