import type { Outcome } from './outcome.ts';
import type { Engine, RunCount } from './engine.ts';
import type { Selection } from './select.ts';

/** Every certificate that is due, and no other. */
export const ALL_DUE: Selection = { names: [], force: false };

/**
 * One whole run: polls renewal information, which may make certificates due, renews, and polls again for what was
 * renewed, which has no ARI window yet. Passes on each outcome as it comes. Throws what Engine.renew throws.
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
