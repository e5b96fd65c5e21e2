import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimWindows, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import type { SimWindowsOptions } from '../../lab/sim-windows/sim-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { ResultFile, TestStep } from '../../src/selftest/result-file.ts';
import { runIn, type Run } from '../cli/world.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

export interface SelfTestWorld {
  readonly sim: SimWindows;
  /** `everbind selftest` with these arguments, against this host. */
  run(args?: readonly string[], host?: WindowsHost, clock?: Clock): Promise<Run>;
  /** The same with `--json`. */
  selftest(
    args?: readonly string[],
    host?: WindowsHost,
    clock?: Clock,
  ): Promise<{ readonly status: number; readonly result: ResultFile }>;
  /** Everything that a self-test could leave behind or spoil. */
  traces(): Promise<string>;
  stop(): Promise<void>;
}

/** A double of Windows with one site. */
export async function startSelfTestWorld(options: Partial<SimWindowsOptions> = {}): Promise<SelfTestWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-selftest-'));
  const sites = [{ name: 'Shop', bindings: [{ protocol: 'http', info: '*:80:' }] }];
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration(sites)),
    rootFolder: join(folder, 'windows'),
    ...options,
  });
  const run: SelfTestWorld['run'] = (args = [], host = sim.host, clock) =>
    runIn(
      { stateDir: join(folder, 'state'), openHost: () => Promise.resolve({ host, close: () => {} }) },
      ['selftest', ...args],
      clock === undefined ? {} : { clock },
    );
  return {
    sim,
    run,
    selftest: async (args = [], host, clock) => {
      const { status, out, err } = await run(['--json', ...args], host, clock);
      assert.equal(err, '');
      return { status, result: JSON.parse(out) as ResultFile };
    },
    traces: async () => {
      const { sites: there, records } = await readInventory(sim.host);
      const { certificates, keys, registrations } = await sim.snapshot();
      return JSON.stringify({ there, records, certificates, keys, registrations });
    },
    stop: async () => {
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The steps that failed; those that were skipped after them are not among them. */
export function failedSteps({ steps }: ResultFile): readonly string[] {
  return steps.filter(({ outcome }) => outcome === 'failed').map(({ step }) => step);
}

export function stepOf({ steps }: ResultFile, name: string): TestStep {
  const found = steps.find(({ step }) => step === name);
  assert.ok(found !== undefined, `there is no step ${name}`);
  return found;
}

/** A clock on which sleeping takes no time. */
export function hurriedClock(): Clock {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    sleep: async (ms) => {
      skipped += ms;
    },
  };
}
