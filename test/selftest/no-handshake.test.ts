import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import type { EndpointCheck } from '../../src/ports/deployment.ts';
import { assertSeen } from '../../src/selftest/tested-binding.ts';
import { failedSteps, hurriedClock, startSelfTestWorld } from './world.ts';

it('a self-test whose site IIS leaves stopped does not pass', async () => {
  const world = await startSelfTestWorld({ newSitesStayStopped: true, startDelayMs: 0 });
  try {
    const untouched = await world.traces();
    const { status, result } = await world.selftest(['--algorithm', 'ec-p256'], world.sim.host, hurriedClock());
    assert.equal(status, 1);
    assert.deepEqual(
      failedSteps(result),
      ['name', 'wildcard', 'address', 'IPv6 address'].map((kind) => `${kind}: make a site with this binding`),
    );
    assert.deepEqual(result.handshakes, []);
    assert.equal(await world.traces(), untouched);
  } finally {
    await world.stop();
  }
});

it('a self-test does not pass where no address of this machine leads to the binding', async () => {
  const world = await startSelfTestWorld();
  try {
    const { host } = world.sim;
    // The first look is that of the wait for the site.
    const asked = new Set<number>();
    const blind = {
      ...host,
      endpoints: async (address: string, port: number) => {
        const there = port === 80 || !asked.has(port);
        asked.add(port);
        return there ? host.endpoints(address, port) : [];
      },
    };
    const { status, result } = await world.selftest(['--algorithm', 'ec-p256'], blind);
    assert.equal(status, 1);
    assert.equal(failedSteps(result)[0], 'name: shake hands');
    assert.deepEqual(result.handshakes, []);
  } finally {
    await world.stop();
  }
});

const SHOWN = 'aa'.repeat(20);

function check(outcome: EndpointCheck['outcome'], servedThumbprint: string | null): EndpointCheck {
  return { endpoint: '127.0.0.1:443', host: '', outcome, code: null, message: '', servedThumbprint, findings: [] };
}

it('only a handshake that showed the expected certificate counts, and none may fail beside it', () => {
  assertSeen([check('verified', SHOWN), check('not-checked', null), check('shadowed', 'bb'.repeat(20))], SHOWN);
  for (const checks of [
    [],
    [check('not-checked', null)],
    [check('failed-before', SHOWN)],
    [check('shadowed', SHOWN)],
    [check('verified', null)],
    [check('verified', 'bb'.repeat(20))],
    [check('verified', SHOWN), check('failed', null)],
  ]) {
    assert.throws(
      () => assertSeen(checks, SHOWN),
      (error) => error instanceof EverbindError && error.code === 'SELFTEST_FAILED',
    );
  }
});
