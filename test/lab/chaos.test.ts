import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, it } from 'node:test';
import { judge } from '../../lab/chaos/judge.ts';
import { runSeed, type SeedResult } from '../../lab/chaos/run-seed.ts';
import { summarize } from '../../lab/chaos/summary.ts';
import type { ChaosWorld } from '../../lab/chaos/world.ts';
import { databaseFile } from '../../src/agent/state.ts';
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

/** SQL on the database of the world. */
const change =
  (sql: string) =>
  ({ demo }: ChaosWorld): void => {
    const db = new DatabaseSync(databaseFile(demo.stateDir));
    db.exec(sql);
    db.close();
  };

const BREACHES: readonly (readonly [name: string, finding: RegExp, tamper: (world: ChaosWorld) => unknown])[] = [
  [
    'a certificate that was issued and lost',
    /issued and lost/,
    change(`UPDATE issued SET thumbprint = '00' WHERE id = 1`),
  ],
  [
    'an order that the journal does not have',
    /not in the journal/,
    change('UPDATE renewal SET order_url = NULL WHERE id = (SELECT min(id) FROM renewal)'),
  ],
  [
    'an order that the CA does not have',
    /the CA never made it/,
    change(`UPDATE renewal SET order_url = order_url || 'x' WHERE id = (SELECT max(id) FROM renewal)`),
  ],
  [
    'a challenge response that was left',
    /left behind/,
    async ({ windows }) => {
      const place = join(windows, 'C', 'inetpub', '1', '.well-known', 'acme-challenge');
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'token'), 'left');
    },
  ],
  [
    'a binding on a certificate that is not there, and that nobody can verify',
    /its certificate is not there.*(failed|verified)|failed.*its certificate is not there/s,
    async ({ sim }) => {
      const [record] = await sim.host.sslRecords.enumerate();
      assert.ok(typeof record?.certificateHash === 'string');
      await sim.host.certificates.remove('WebHosting', record.certificateHash);
    },
  ],
  [
    'an event that is gone from the log',
    /audit log/,
    change(
      "DROP TRIGGER audit_event_stays; UPDATE audit_event SET event = replace(event, 'order.created', 'order.erased')",
    ),
  ],
];

it('the judgement finds whatever must not be', async () => {
  await runSeed(program, 9, async (world) => {
    assert.deepEqual((await judge(world, 2)).findings, []);
    // One after another in the same world: none hides the next.
    for (const [name, finding, tamper] of BREACHES) {
      await tamper(world);
      const { findings } = await judge(world, 2);
      assert.match(findings.join('\n'), finding, name);
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
