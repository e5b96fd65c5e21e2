import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { assertSettled, issuedCount, ordersAtCa } from '../support/inspect.ts';
import { type RunRequest, type RunResult, runChild } from '../support/run-child.ts';
import type { CaAddress } from '../support/state.ts';
import { serveTokens } from '../support/token-folder.ts';

// The process is killed at every point in turn: after each commit, each response of the CA, each effect on the server.
// The CA validates for real, so that challenge responses that a kill left behind, or took away, count.

let pebble: Pebble;
let ca: CaAddress;
let stopTokens: () => Promise<void>;
const folders = new Set<string>();

before(async () => {
  pebble = await startPebble();
  ca = {
    directoryUrl: pebble.directoryUrl,
    listenerCaPem: pebble.listenerCaPem,
    rootPem: await pebble.rootPem(),
  };
  stopTokens = await serveTokens(pebble.httpPort, () => [...folders].map((folder) => join(folder, 'tokens')));
});
after(async () => {
  await stopTokens();
  await pebble.stop();
});

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-kill-'));
  folders.add(folder);
  try {
    await work(folder);
  } finally {
    folders.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

const one = '[{ name: shop, names: [shop.kill.test, www.shop.kill.test], deployments: [{ type: iis }], keepOld: 0 }]';

/** Runs again until nothing dies any more, and says what came of it. */
async function recover(request: RunRequest): Promise<RunResult> {
  const result = await runChild(request);
  assert.equal(result.error, null);
  assert.equal(result.killed, false);
  for (const outcome of result.outcomes) assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
  return result;
}

async function assertOnce(folder: string, names: readonly string[]): Promise<void> {
  await assertSettled(folder, ca, names);
  const orders = await ordersAtCa(folder, ca);
  assert.ok(
    orders.every((status) => status === 'valid'),
    orders.join(),
  );
  assert.equal(orders.length, await issuedCount(folder, ca));
}

async function pointsOfARun(): Promise<readonly string[]> {
  let points: readonly string[] = [];
  await withFolder(async (folder) => {
    const request = { folder, ca, certificates: one, concurrency: 1, twice: true };
    ({ points } = await recover(request));
    await assertOnce(folder, ['shop']);
  });
  return points;
}

describe('a kill', () => {
  it('at random moments, several certificates at a time, again and again', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `c${index}`);
    const certificates = `[${names.map((name) => `{ name: ${name}, names: [${name}.kill.test], deployments: [{ type: iis }] }`).join(', ')}]`;
    // `npm run chaos` does so for as long as it is told to.
    for (let round = 0; round < 3; round += 1) {
      await withFolder(async (folder) => {
        const request = { folder, ca, certificates, concurrency: 3 };
        let kills = 0;
        for (let delay = 120; delay < 20_000; delay *= 1.5) {
          if (!(await runChild(request, delay * (0.5 + Math.random()))).killed) break;
          kills += 1;
        }
        await recover(request);
        assert.ok(kills > 0);
        await assertOnce(folder, names);
      });
    }
  });

  it('at every point in turn: the next run finishes the work, with no order more than certificates', async () => {
    const points = await pointsOfARun();
    for (const type of [
      'order.requested',
      'order.created',
      'certificate.issued',
      'bindings.planned',
      'renewal.committed',
    ]) {
      assert.equal(points.filter((point) => point.includes(type)).length, 2, type);
    }
    let next = 1;
    let kills = 0;
    const worker = async (): Promise<void> => {
      for (let dieAt = next++; dieAt <= points.length; dieAt = next++) {
        await withFolder(async (folder) => {
          const request = { folder, ca, certificates: one, concurrency: 1 };
          const { killed, points: passed } = await runChild({ ...request, twice: true, dieAt });
          const place = `killed at point ${dieAt}, ${passed[dieAt - 1]}`;
          // How often the CA is asked whether it has finished is up to how busy it is: a run with fewer responses has
          // no such point.
          assert.ok(killed || passed.length < dieAt, place);
          if (killed) kills += 1;
          try {
            await recover(request);
            await assertOnce(folder, ['shop']);
          } catch (error) {
            throw new Error(place, { cause: error });
          }
        });
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    assert.ok(kills > points.length / 2, `${kills} kills at ${points.length} points`);
  });
});
