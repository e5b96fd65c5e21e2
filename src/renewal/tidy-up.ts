import { rollOverDue } from './account-rollover.ts';
import type { EngineContext } from './context.ts';
import { cleanUpLeftovers } from './presented.ts';
import { retireLeftovers } from './retire.ts';
import { destroySpentKeys } from './spent-keys.ts';

/** What earlier runs left behind. A failure takes nothing back from this run: what remains is tried again at a later one. */
export async function tidyUp(context: EngineContext): Promise<void> {
  await cleanUpLeftovers(context).catch(() => {});
  await retireLeftovers(context).catch(() => {});
  await rollOverDue(context).catch(() => {});
  await destroySpentKeys(context).catch(() => {});
  context.signal.throwIfAborted();
}
