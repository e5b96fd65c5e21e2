import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { callHost, hostFromCalls } from '../../lab/sim-windows/host-calls.ts';
import { type SimWindows, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { runIn } from '../cli/world.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

interface Report {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly step: string;
    readonly outcome: string;
    readonly code: string | null;
    readonly message: string;
  }[];
}

let folder: string;
let sim: SimWindows;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-selftest-'));
  const sites = [{ name: 'Shop', bindings: [{ protocol: 'http', info: '*:80:' }] }];
  sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration(sites)),
    rootFolder: join(folder, 'windows'),
  });
});
after(async () => {
  await sim.stop();
  await rm(folder, { recursive: true, force: true });
});

async function selftest(
  host: WindowsHost = sim.host,
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly report: Report }> {
  const world = { stateDir: join(folder, 'state'), openHost: () => Promise.resolve({ host, close: () => {} }) };
  const { status, out, err } = await runIn(world, ['selftest', '--json', ...args]);
  assert.equal(err, '');
  return { status, report: JSON.parse(out) as Report };
}

function outcomes({ steps }: Report): readonly string[] {
  return steps.map(({ outcome }) => outcome);
}

const provider = 'Microsoft Software Key Storage Provider';
const keyNames = ['everbind-selftest-1', 'everbind-selftest-2'];

/** Everything that a self-test could leave behind or spoil. */
async function traces(): Promise<string> {
  const { sites, records, certificates } = await readInventory(sim.host);
  const keys = await Promise.all(keyNames.map((name) => sim.host.keys.publicKey({ provider, name })));
  return JSON.stringify({ sites, records, certificates, keys });
}

describe('the self-test', () => {
  for (const algorithm of ['ec-p256', 'rsa-2048']) {
    it(`passes on a sound server and leaves it as it was: ${algorithm}`, async () => {
      const skipped = await traces();
      const { status, report } = await selftest(sim.host, '--algorithm', algorithm);
      assert.deepEqual(
        report.steps.filter(({ outcome }) => outcome !== 'passed'),
        [],
      );
      assert.equal(report.steps.length, 17);
      assert.equal(report.ok, true);
      assert.equal(status, 0);
      assert.equal(await traces(), skipped);
    });
  }

  it('names the provider that is missing and those there are', async () => {
    const { status, report } = await selftest(sim.host, '--provider', 'Nobody');
    assert.equal(status, 1);
    const failed = report.steps.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['KEY_PROVIDER_UNKNOWN', 'KEY_PROVIDER_UNKNOWN'],
    );
    assert.match(failed[0]?.message ?? '', /Microsoft Software Key Storage Provider/);
  });

  it('runs once at a time', async () => {
    const end = await sim.host.httpServer.serve('http://+:80/.well-known/everbind-selftest/', () => null);
    const skipped = await traces();
    const { status, report } = await selftest();
    await end();
    assert.equal(status, 4);
    assert.deepEqual(outcomes(report), ['passed', 'failed']);
    assert.equal(await traces(), skipped);
  });

  it('finds a server that serves another certificate, one that keeps the old record, one without roll-back', async () => {
    const skipped = await traces();
    // The first free one of these; another program of this machine may have some.
    for (let port = 40_000; port < 40_050; port += 1) {
      await sim.faults.add({ kind: 'serve', host: null, port, how: 'wrong-certificate' });
    }
    const wrong = await selftest();
    await sim.faults.clear();
    assert.equal(wrong.status, 1);
    assert.equal(wrong.report.steps.find(({ outcome }) => outcome === 'failed')?.step, 'shake hands');
    // The second update is that of the roll-back.
    const fail = await sim.faults.add({ kind: 'fail', call: 'sslRecords.update', status: 5, nth: 2, times: 1 });
    const stuck = await selftest();
    await sim.faults.remove(fail);
    assert.equal(stuck.report.steps.find(({ outcome }) => outcome === 'failed')?.step, 'roll back');
    assert.equal(await traces(), skipped);
  });

  it('is refused without rights, before it does anything', async () => {
    const description = await sim.host.describe();
    const host = { ...sim.host, describe: () => Promise.resolve({ ...description, elevated: false }) };
    const world = { stateDir: join(folder, 'state'), openHost: () => Promise.resolve({ host, close: () => {} }) };
    const { status, err } = await runIn(world, ['selftest']);
    assert.equal(status, 5);
    assert.match(err, /WIN_NOT_ELEVATED/);
  });

  it('that is killed before any of its calls leaves what the next one removes', async () => {
    const skipped = await traces();
    const counted = await killedAfter(Number.MAX_SAFE_INTEGER);
    assert.ok(counted > 50);
    let left = 0;
    for (let calls = 0; calls < counted; calls += 1) {
      await killedAfter(calls);
      if ((await traces()) !== skipped) left += 1;
      const { status, report } = await selftest();
      assert.equal(status, 0, `${calls}: ${JSON.stringify(report.steps)}`);
      assert.equal(await traces(), skipped, `${calls}`);
    }
    // Most of them leave something, or this test shows nothing.
    assert.ok(left > counted / 3, `${left} of ${counted}`);
  });
});

/** Runs a self-test in which every call after so many fails, as if the process were gone; returns how many it made. */
async function killedAfter(most: number): Promise<number> {
  let calls = 0;
  const ends: (() => Promise<void>)[] = [];
  const count = (): void => {
    calls += 1;
    if (calls > most) throw new Error('killed');
  };
  const calling = hostFromCalls(
    async (name, parameters) => {
      count();
      return callHost(sim.host, name, parameters);
    },
    async (prefix, answer) => {
      count();
      const end = await sim.host.httpServer.serve(prefix, answer);
      ends.push(end);
      return end;
    },
  );
  const description = await sim.host.describe();
  await selftest({ ...calling, describe: () => Promise.resolve(description) });
  // Windows ends the registrations of a process that died.
  for (const end of ends) await end();
  return calls;
}
