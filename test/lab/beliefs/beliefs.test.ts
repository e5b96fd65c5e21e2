import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DOUBLES } from '../../../lab/beliefs/doubles.ts';
import { CHANGED_DOUBLES } from '../../../lab/beliefs/old-belief.ts';
import { runCommand } from '../../../lab/run-command.ts';
import { type CheckOptions, checkBeliefs } from '../../../lab/beliefs/run.ts';
import { SABOTAGES } from '../../../lab/beliefs/sabotage.ts';
import { endOf, runTest } from '../../../lab/beliefs/switch-back.ts';
import { BELIEFS } from '../../../lab/beliefs/table/all.ts';

const table = { beliefs: BELIEFS, doubles: DOUBLES };
const asHoped: CheckOptions['run'] = async (_file, _title, doubles) => (doubles.length === 0 ? 'passed' : 'failed');

function options(run: CheckOptions['run'], said: string[] = []): CheckOptions {
  return { table, run, say: (line) => said.push(line), alsoAsTheyAre: true, concurrency: 2 };
}

describe('what the code believes of Windows', () => {
  it('has for each belief its files, its source or question, and a test that exists', async () => {
    const said: string[] = [];
    const summary = await checkBeliefs(options(asHoped, said));
    assert.ok(
      said.includes(
        'tells    D4: a self-test whose site IIS leaves stopped does not pass (passed; with the old belief failed)',
      ),
    );
    assert.deepEqual(
      said.filter((line) => !line.startsWith('tells ')),
      [],
    );
    assert.deepEqual(summary, {
      beliefs: 150,
      confirmed: 76,
      contradicted: 15,
      unknown: 59,
      doublesChanged: 20,
      ok: true,
    });
  });

  it('is noticed when it is spoiled, in each way', async () => {
    assert.ok(Object.keys(SABOTAGES).length >= 9);
    for (const [name, spoil] of Object.entries(SABOTAGES)) {
      assert.equal((await checkBeliefs(spoil(options(asHoped)))).ok, false, name);
    }
  });

  it('has a test for every changed double that fails when the double is switched back', {
    timeout: 600_000,
  }, async () => {
    const said: string[] = [];
    const run = { ...options(runTest, said), alsoAsTheyAre: false };
    const { doublesChanged } = await checkBeliefs(run);
    assert.equal(doublesChanged, CHANGED_DOUBLES.length, said.join('\n'));
  });

  it('is told what is wrong with its command line', async () => {
    for (const [args, problem] of [
      [['bogus'], 'there is no bogus; one of up, renew and beliefs is wanted'],
      [['renew', '--sabotage', 'always-red'], '--sabotage works with beliefs only'],
      [['beliefs', '--sabotage', 'nope'], 'no sabotage is nope'],
    ] as const) {
      const { exitCode, stderr } = await runCommand(process.execPath, ['lab/wine/main.ts', ...args]);
      assert.equal(exitCode, 2);
      assert.equal(stderr, `error: ${problem}\n(--help shows the usage)\n`);
    }
  });

  it('reads the end of a test from a report, and nothing from tests of other names', () => {
    const tap =
      'TAP version 13\n    ok 1 - one # time=3\n    not ok 2 - two\n    ok 3 - three # SKIP\nnot ok 1 - file.ts\n';
    assert.equal(endOf(tap.replace(' # time=3', ''), 'one'), 'passed');
    assert.equal(endOf(tap, 'two'), 'failed');
    assert.equal(endOf(tap, 'three'), 'absent');
    assert.equal(endOf(tap, 'four'), 'absent');
    assert.equal(endOf('ok 1 - same\nnot ok 2 - same\n', 'same'), 'failed');
  });
});
