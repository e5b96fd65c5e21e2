import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Kill, type KillWorld, startKillWorld } from './world.ts';

// The promise: killed at any moment and run again, every certificate ends issued once, bound and verified.

let world: KillWorld;
/** Commits of a run that nobody disturbs, and how long it takes. */
let commits = 0;
let runMs = 0;

before(async () => {
  world = await startKillWorld();
});
after(() => world.stop());

test('undisturbed: the measure for all that follows', async () => {
  const state = await world.newState();
  const began = performance.now();
  const end = await world.run(state, ['renew', '--all-due']);
  runMs = performance.now() - began;
  assert.equal(end.status, 0, end.output);
  await assertWhole(state, end.output);
  commits = end.commits;
  assert.ok(commits > 20, `${commits} commits`);
});

test('killed before and after every commit in turn', async () => {
  let kills = 0;
  for (let commit = 1; commit <= commits; commit += 1) {
    for (const when of ['before', 'after'] as const) {
      if (await killAndResume({ commit, when }, `${when} commit ${commit}`)) kills += 1;
    }
  }
  console.log(`killed ${kills} times at ${commits} commits`);
  // How many commits there are depends a little on what falls together; see killAndResume.
  assert.ok(kills > commits);
});

test('killed at random moments, several times in a row', async () => {
  // The same moments in every run, as parts of its time: a linear congruential generator (Numerical Recipes) is random
  // enough to spread them.
  let seed = 20_261_123;
  const draw = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  let kills = 0;
  // `npm run chaos` does so for as long as it is told to. Here six rounds, or more where too few came in time.
  for (let round = 0; round < 6 || (kills < 5 && round < 30); round += 1) {
    const state = await world.newState();
    for (let kill = 0; kill < 3; kill += 1) {
      const began = performance.now();
      const end = await world.run(state, ['renew', '--all-due'], { afterMs: draw() * runMs });
      if (end.killed) kills += 1;
      // The first run may have been a slow one: a whole run that ended in time says how long it takes now.
      else if (kill === 0) runMs = Math.min(runMs, performance.now() - began);
    }
    const end = await world.run(state, ['renew', '--all-due']);
    assert.equal(end.status, 0, end.output);
    await assertWhole(state, `round ${round}\n${end.output}`);
  }
  console.log(`killed ${kills} times at random moments`);
  assert.ok(kills >= 5, `${kills} kills`);
});

async function killAndResume(kill: Kill, name: string): Promise<boolean> {
  const state = await world.newState();
  const first = await world.run(state, ['renew', '--all-due'], kill);
  if (!first.killed && 'commit' in kill) {
    assert.ok(first.commits < kill.commit, `${name} did not happen: ${first.output}`);
  }
  const second = await world.run(state, ['renew', '--all-due']);
  assert.equal(second.status, 0, `${name}: ${first.output}\n${second.output}`);
  await assertWhole(state, `${name}: ${first.output}\n${second.output}`);
  return first.killed;
}

async function assertWhole(state: Parameters<KillWorld['judge']>[0], context: string): Promise<void> {
  const { audit, ...rest } = await world.judge(state);
  const { certificates, providerCertificates } = world;
  assert.deepEqual(
    rest,
    {
      orders: certificates,
      issued: certificates,
      active: certificates,
      records: 4,
      signing: certificates,
      providerKeys: providerCertificates,
      leftovers: [],
      leaseHeld: false,
    },
    context,
  );
  assert.deepEqual(audit.findings, [], context);
}

test('renewed again and again, also when killed meanwhile: one earlier key of each certificate stays, older ones are destroyed', async () => {
  const { certificates, providerCertificates } = world;
  const state = await world.newState();
  const renew = (...more: readonly string[]): ReturnType<KillWorld['run']> => world.run(state, ['renew', ...more]);
  assert.equal((await renew('--all-due')).status, 0);
  assert.equal((await renew('--force')).status, 0);
  let kills = 0;
  for (let commit = 1; ; commit += 3) {
    const end = await world.run(state, ['renew', '--force'], { commit, when: 'after' });
    if (!end.killed) break;
    kills += 1;
    const next = await renew('--all-due');
    assert.equal(next.status, 0, next.output);
    const { active, signing, providerKeys } = await world.judge(state);
    assert.deepEqual(
      { active, signing, providerKeys },
      { active: certificates, signing: certificates, providerKeys: 2 * providerCertificates },
      `after commit ${commit}\n${end.output}\n${next.output}`,
    );
  }
  console.log(`killed ${kills} times while certificates were replaced`);
  assert.ok(kills > 10, `${kills} kills`);
});
