import { retireLeftovers } from '../deployment/retire.ts';
import { destroyDueKeys } from '../state/key-deletions.ts';
import type { RunContext } from './engine-ports.ts';

/**
 * What earlier runs left behind. A failure takes nothing back from this run: what remains is tried again at a later
 * one.
 */
export async function tidyUp(context: RunContext): Promise<void> {
  await context.issuers.tidyUp().catch(() => {});
  await retireLeftovers(context).catch(() => {});
  await destroyDueKeys(context.store, context.keys, context.clock).catch(() => {});
  context.signal.throwIfAborted();
}
