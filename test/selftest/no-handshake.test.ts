import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, it } from 'node:test';
import { type SimWindows, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { runIn } from '../cli/world.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

async function start(
  t: TestContext,
  options: Partial<Parameters<typeof startSimWindows>[0]>,
): Promise<{ readonly sim: SimWindows; selftest(host?: WindowsHost, clock?: Clock): Promise<number> }> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-selftest-'));
  const sites = [{ name: 'Shop', bindings: [{ protocol: 'http', info: '*:80:' }] }];
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration(sites)),
    rootFolder: join(folder, 'windows'),
    ...options,
  });
  t.after(async () => {
    await sim.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    sim,
    selftest: async (host = sim.host, clock) => {
      const world = { stateDir: join(folder, 'state'), openHost: () => Promise.resolve({ host, close() {} }) };
      return (await runIn(world, ['selftest', '--json'], clock === undefined ? {} : { clock })).status;
    },
  };
}

it('a self-test whose site IIS leaves stopped does not pass', async (t) => {
  const { sim, selftest } = await start(t, { newSitesStayStopped: true });
  let skipped = 0;
  // Sleeping takes no time.
  const clock: Clock = {
    now: () => Date.now() + skipped,
    sleep: async (ms) => {
      skipped += ms;
    },
  };
  assert.equal(await selftest(sim.host, clock), 1);
  const { sites: left, records, certificates, keys } = await sim.snapshot();
  assert.deepEqual(
    { left: left.map(({ name }) => name), records, certificates, keys },
    { left: ['Shop'], records: [], certificates: [], keys: [] },
  );
});

it('a self-test does not pass where no address of this machine leads to the binding', async (t) => {
  const { sim, selftest } = await start(t, {});
  const { host } = sim;
  // The first look is that of the wait for the site, if anybody waits.
  const asked = new Set<number>();
  const endpoints: WindowsHost['endpoints'] = async (address, port) => {
    const there = port === 80 || !asked.has(port);
    asked.add(port);
    return there ? host.endpoints(address, port) : [];
  };
  assert.equal(await selftest({ ...host, endpoints }), 1);
});
