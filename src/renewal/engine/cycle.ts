import type { Outcome } from './outcome.ts';
import type { Engine, RunCount } from './engine.ts';
import type { Selection } from './select.ts';

/** Nothing but what is due. */
export const ALL_DUE: Selection = { names: [], force: false };

/**
 * A whole run: polls renewal information, which may make certificates due; renews; polls again, since what was renewed just now has no ARI window
 * yet. Hands over each outcome as it comes; throws what Engine.renew throws.
 */
export async function runCycle(
  engine: Pick<Engine, 'pollRenewalInfo' | 'renew'>,
  selection: Selection,
  onOutcome: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<RunCount> {
  await engine.pollRenewalInfo(signal);
  let renewed = false;
  const count = await engine.renew(
    selection,
    (outcome) => {
      renewed ||= outcome.kind === 'renewed';
      onOutcome(outcome);
    },
    signal,
  );
  if (renewed) await engine.pollRenewalInfo(signal);
  return count;
}
