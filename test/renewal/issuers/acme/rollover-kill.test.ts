import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../../../lab/pebble/server.ts';
import { assertSettled, ordersAtCa } from '../../support/inspect.ts';
import { type RunRequest, type RunResult, runChild } from '../../support/run-child.ts';
import { type CaAddress, openEngine } from '../../support/state.ts';

// The process is killed at every point of a change of the account's key in turn. The next run has to find out which key
// the CA knows.

let pebble: Pebble;
let ca: CaAddress;
before(async () => {
  pebble = await startPebble({ alwaysValid: true });
  ca = { directoryUrl: pebble.directoryUrl, listenerCaPem: pebble.listenerCaPem, rootPem: await pebble.rootPem() };
});
after(() => pebble.stop());

async function withFolder(work: (request: RunRequest) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-rollover-'));
  try {
    await work({
      folder,
      ca,
      certificates: '[{ name: shop, names: [shop.rollover.test], deployments: [{ type: iis }], keepOld: 0 }]',
      concurrency: 1,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function finished(request: RunRequest): Promise<RunResult> {
  const result = await runChild(request);
  assert.deepEqual([result.killed, result.error], [false, null]);
  return result;
}

/** The CA knows the account by the one key that is here, and nothing is under way. */
async function assertOneKey({ folder }: RunRequest): Promise<void> {
  await assertSettled(folder, ca, ['shop']);
  assert.deepEqual(await ordersAtCa(folder, ca), ['valid']);
  const { state, close } = await openEngine(folder, ca);
  try {
    const rows = state.store.read((db) => db.prepare('SELECT next_key, rollover_code FROM account').all());
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ next_key: null, rollover_code: null }],
    );
    assert.deepEqual(
      state.store.read((db) => db.prepare('SELECT handle FROM key_deletion').all()),
      [],
    );
  } finally {
    await close();
  }
}

describe('a kill during a key change', () => {
  it('at every point in turn: the next run goes on with the key that the CA knows', async () => {
    let points: readonly string[] = [];
    await withFolder(async (request) => {
      await finished(request);
      // The certificate is there: this run does nothing else.
      ({ points } = await finished({ ...request, rollOver: true }));
      await assertOneKey(request);
    });
    for (const type of ['account.rollover-started', 'rollover-account-key', 'account.key-changed', 'key.destroyed']) {
      assert.equal(points.filter((point) => point.includes(type)).length, 1, `${type} in ${points.join(', ')}`);
    }
    let next = 1;
    const worker = async (): Promise<void> => {
      for (let dieAt = next++; dieAt <= points.length; dieAt = next++) {
        await withFolder(async (request) => {
          const place = `killed at point ${dieAt}, ${points[dieAt - 1]}`;
          await finished(request);
          const { killed } = await runChild({ ...request, rollOver: true, dieAt });
          assert.equal(killed, true, place);
          try {
            await finished(request);
            await assertOneKey(request);
          } catch (error) {
            throw new Error(place, { cause: error });
          }
        });
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
  });
});
