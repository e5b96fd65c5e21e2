import { rollOverDue } from '../issuers/acme/account/rollover.ts';
import type { RunContext } from './run-context.ts';
import { cleanUpLeftovers } from '../issuers/acme/authorization/challenge-responses.ts';
import { retireLeftovers } from '../deployment/retire.ts';
import { deleteScheduledKeys } from '../state/key-deletions.ts';

/** What earlier runs left behind. A failure takes nothing back from this run: what remains is tried again at a later one. */
export async function tidyUp(context: RunContext): Promise<void> {
  await cleanUpLeftovers(context).catch(() => {});
  await retireLeftovers(context).catch(() => {});
  await rollOverDue(context).catch(() => {});
  await deleteScheduledKeys(context).catch(() => {});
  context.signal.throwIfAborted();
}
