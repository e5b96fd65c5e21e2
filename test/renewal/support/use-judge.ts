import assert from 'node:assert/strict';
import { certificateByName } from '../../../src/renewal/state/certificate-table.ts';
import { type Issued, type IssuedStatus, issuedWith } from '../../../src/renewal/state/issued-table.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import type { UseWorld } from './use-world.ts';

/** The events of one undisturbed renewal as far as the certificate. */
export const OBTAINED: readonly string[] = [
  'renewal.started',
  'key.generated',
  'order.requested',
  'order.created',
  'order.ready',
  'certificate.issued',
];

/** From the certificate to bindings that are changed. */
export const BOUND: readonly string[] = ['certificate.installed', 'bindings.planned', 'bindings.changed'];

/** When visitors do not get it. */
export const RESTORED: readonly string[] = ['verification.failed', 'bindings.restored'];

/** A whole renewal. */
export const RENEWED: readonly string[] = [...OBTAINED, ...BOUND, 'renewal.committed'];

type Of<K extends Outcome['kind']> = Extract<Outcome, { readonly kind: K }>;

/** That the outcome is of this kind. */
export function expectKind<K extends Outcome['kind']>(outcome: Outcome | undefined, kind: K): Of<K> {
  assert.equal(outcome?.kind, kind, JSON.stringify(outcome));
  return outcome as Of<K>;
}

/** Runs what is due, or under `force` what is there: one certificate, which must fare like this. */
export async function runOne<K extends Outcome['kind']>(
  world: UseWorld,
  kind: K,
  { names = [], force = false }: { readonly names?: readonly string[]; readonly force?: boolean } = {},
): Promise<Of<K>> {
  const { outcomes } = await world.renew(names, { force });
  assert.equal(outcomes.length, 1, JSON.stringify(outcomes));
  return expectKind(outcomes[0], kind);
}

const STATUSES: readonly IssuedStatus[] = ['pending', 'active', 'previous', 'failed', 'revoked', 'retiring', 'retired'];

/** Everything that was ever issued for this name, the first one first. */
export function issuedOf({ state }: UseWorld, name: string): readonly Issued[] {
  return state.store.read((db) => {
    const id = certificateByName(db, name)?.id ?? -1;
    return STATUSES.flatMap((status) => issuedWith(db, id, status)).sort((a, b) => a.id - b.id);
  });
}

/** How each of them stands, the first one first. */
export function statusesOf(world: UseWorld, name: string): readonly IssuedStatus[] {
  return issuedOf(world, name).map(({ status }) => status);
}

/** Kind and end of each renewal, the first one first. */
export function endsOf(world: UseWorld, name: string): readonly string[] {
  return world
    .show(name)
    .renewals.map(({ kind, outcome }) => `${kind} ${outcome ?? 'open'}`)
    .toReversed();
}

/** `apply shop:all`, for the calls from this one on. */
export function callsOf({ server }: UseWorld, from = 0): readonly string[] {
  return server.calls.slice(from).map(({ method, target }) => `${method} ${target}`);
}

const MINUTE = 60_000;

/**
 * That an attempt is this many minutes away, a tenth more or less (docs/renewal.md), counted from a moment between
 * these two.
 */
export function assertWait(attempt: number, minutes: number, [from, to]: readonly [number, number]): void {
  const wait = minutes * MINUTE;
  assert.ok(attempt >= from + 0.9 * wait, `${attempt - from} ms instead of ${wait}`);
  assert.ok(attempt <= to + 1.1 * wait + 1, `${attempt - to} ms instead of ${wait}`);
}
