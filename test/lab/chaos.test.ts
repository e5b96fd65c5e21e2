import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { judge } from '../../lab/chaos/judge.ts';
import { runSeed, type SeedResult } from '../../lab/chaos/run-seed.ts';
import { SABOTAGES } from '../../lab/chaos/sabotage.ts';
import { summarize } from '../../lab/chaos/summary.ts';
import { bundle } from '../../tools/build.ts';

// A few seeds of `npm run chaos`, and that its judgement finds what must not be.

let folder: string;
let program: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-chaos-test-'));
  program = await bundle('lab/chaos/child.ts', 'child', folder);
});
after(() => rm(folder, { recursive: true, force: true }));

for (const seed of [3, 5, 10, 13]) {
  it(`seed ${seed}: every certificate issued once for each due date, bound and verified`, async () => {
    const result = await runSeed(program, seed);
    assert.deepEqual(result.findings, [], result.output);
    assert.equal(result.issued, result.due);
    assert.ok(result.faults.size > 0);
  });
}

const FINDINGS: Readonly<Record<string, RegExp>> = {
  'certificate-lost': /issued and lost/,
  'order-forgotten': /not in the journal/,
  'order-invented': /the CA never made it/,
  'response-left': /left behind/,
  'certificate-removed': /its certificate is not there.*(failed|verified)|failed.*its certificate is not there/s,
  'event-erased': /audit log/,
};

it('the judgement finds whatever must not be', async () => {
  await runSeed(program, 9, async (world) => {
    assert.deepEqual((await judge(world, 2)).findings, []);
    // One after another in the same world: none hides the next.
    assert.deepEqual(Object.keys(SABOTAGES), Object.keys(FINDINGS));
    for (const [name, sabotage] of Object.entries(SABOTAGES)) {
      await sabotage(world);
      const { findings } = await judge(world, 2);
      assert.match(findings.join('\n'), FINDINGS[name] ?? /never/, name);
    }
  });
});

it('the summary is ok only when every seed is, and as many were issued as were due', () => {
  const good: SeedResult = {
    seed: 1,
    issued: 6,
    due: 6,
    spare: 0,
    unknowable: 0,
    kills: 2,
    stops: 1,
    faults: new Map([['latency', 2]]),
    findings: [],
    output: '',
  };
  assert.deepEqual(summarize([good, good]).line, { seeds: 2, failed: 0, issued: 12, due: 12, ok: true });
  assert.equal(summarize([good, { ...good, findings: ['lost'] }]).ok, false);
  assert.equal(summarize([good, { ...good, issued: 7 }]).ok, false);
  assert.equal(summarize([]).ok, false);
  assert.match(summarize([{ ...good, seed: 17, findings: ['lost'] }]).text, /--seed 17/);
});
