import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { callHost, hostFromCalls } from '../../lab/sim-windows/host-calls.ts';
import { createCngKeyStore } from '../../src/custody/cng/store.ts';
import { removeTraces } from '../../src/selftest/clean-up.ts';
import { type SelfTestWorld, startSelfTestWorld } from './world.ts';

let world: SelfTestWorld;

before(async () => {
  // Waits for sites are for another test: there are many runs here.
  world = await startSelfTestWorld({ startDelayMs: 0 });
});
after(() => world.stop());

const READS = new Set(['list', 'find', 'publicKey', 'providers', 'enumerate', 'query', 'read', 'sign', 'endpoints']);

/** Whether the call changes something; a kill before a read leaves what a kill before the next change leaves. */
function changes(name: string, [args]: readonly unknown[]): boolean {
  if (name === 'appcmd') return (args as readonly string[])[0] !== 'list';
  return !READS.has(name.split('.').at(-1) ?? '');
}

/**
 * Runs a self-test in which every call after so many changes fails, as if the process were gone. Returns how many
 * changes it made.
 */
async function killedAfter(most: number): Promise<number> {
  const { host } = world.sim;
  let made = 0;
  let dead = false;
  const pass = (isChange: boolean): void => {
    dead ||= isChange && made >= most;
    if (dead) throw new Error('killed');
    if (isChange) made += 1;
  };
  const ends: (() => Promise<void>)[] = [];
  const calling = hostFromCalls(
    async (name, parameters) => {
      pass(changes(name, parameters));
      return callHost(host, name, parameters);
    },
    async (prefix, answer) => {
      pass(true);
      const end = await host.httpServer.serve(prefix, answer);
      ends.push(end);
      return async () => {
        if (!dead) await end();
      };
    },
  );
  const description = await host.describe();
  const { status } = await world.selftest(['--algorithm', 'ec-p256'], {
    ...calling,
    describe: () => Promise.resolve(description),
  });
  assert.equal(status, dead ? 1 : 0);
  // Windows ends the registrations of a process that died.
  for (const end of ends) await end();
  return made;
}

/** A run takes a while, so the process does not die before each of them. */
const EACH = 4;

it('a self-test that is killed before every fourth of its changes leaves what the next one removes', async (t) => {
  const untouched = await world.traces();
  const counted = await killedAfter(Number.POSITIVE_INFINITY);
  t.diagnostic(`${counted} changes`);
  assert.ok(counted > 80, `${counted}`);
  const { host } = world.sim;
  const keys = createCngKeyStore({ hostKeys: () => Promise.resolve(host.keys) });
  let rounds = 0;
  let left = 0;
  for (let made = 1; made < counted; made += EACH) {
    rounds += 1;
    await killedAfter(made);
    if ((await world.traces()) !== untouched) left += 1;
    // Every tenth time by a whole self-test, otherwise by what its third step calls.
    if (rounds % 10 === 5) assert.equal((await world.selftest(['--algorithm', 'ec-p256'])).status, 0, `${made}`);
    else await removeTraces(host, keys);
    assert.equal(await world.traces(), untouched, `${made}`);
  }
  // Most of them leave something, or this test shows nothing.
  assert.ok(left > rounds / 2, `${left} of ${rounds}`);
});
