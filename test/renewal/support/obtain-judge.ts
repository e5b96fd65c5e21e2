import assert from 'node:assert/strict';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import type { World } from './obtain-world.ts';

/** The events of one undisturbed renewal without deployments, as far as the certificate. */
export const OBTAINED: readonly string[] = [
  'renewal.started',
  'key.generated',
  'order.requested',
  'order.created',
  'order.ready',
  'certificate.issued',
];

/** Runs what is due and asserts that every certificate of the run was renewed. */
export async function renewed(world: World): Promise<void> {
  const { outcomes } = await world.renew();
  assert.ok(outcomes.length > 0);
  for (const outcome of outcomes) assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
}

/** Runs what is due: one certificate, whose attempt must fail. */
export async function failed(world: World): Promise<Extract<Outcome, { kind: 'failed' }>> {
  const { outcomes } = await world.renew();
  const [outcome, ...others] = outcomes;
  assert.deepEqual(others, []);
  assert.ok(outcome?.kind === 'failed', JSON.stringify(outcome));
  assert.ok(outcome.action.length > 0);
  assert.equal(world.show(outcome.name).certificate.nextDue, outcome.nextAttempt);
  return outcome;
}

/** How the renewals of a certificate ended, the first one first; null for one that is open. */
export function ends(world: World, name: string): readonly (string | null)[] {
  return world
    .show(name)
    .renewals.map(({ outcome }) => outcome)
    .toReversed();
}
