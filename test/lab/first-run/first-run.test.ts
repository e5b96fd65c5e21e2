import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BELIEFS } from '../../../lab/beliefs/table/all.ts';
import { questions } from '../../../lab/first-run/questions.ts';
import { inconsistencies } from '../../../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../../../lab/first-run/reader/schema.ts';
import { SABOTAGES, type Sabotage } from '../../../lab/first-run/sabotage.ts';
import { runCommand } from '../../../lab/run-command.ts';
import type { ResultFile } from '../../../src/selftest/result-file.ts';
import { runOnDouble } from './support.ts';

// The script of the first run against the double of Windows. What it sees there says nothing about Windows: these tests
// show that it asks, that it cleans up, and that its observer sees what it does wrong.

const MAIN = 'lab/first-run/main.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-first-run-test-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function firstRun(...args: readonly string[]): Promise<{
  readonly exitCode: number;
  readonly last: Record<string, unknown>;
  readonly stderr: string;
  readonly octets: Buffer;
}> {
  const out = join(folder, `${args.join('').replaceAll(/[^a-z0-9]+/g, '-') || 'all'}.json`);
  const { exitCode, stdout, stderr } = await runCommand(process.execPath, [MAIN, '--double', '--out', out, ...args]);
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  return { exitCode, last, stderr, octets: await readFile(out) };
}

function parsed(octets: Uint8Array): ResultFile {
  const read = readResultFile(octets);
  assert.ok(read.ok, JSON.stringify(read));
  return read.file;
}

describe('the first run', () => {
  it('asks the double all thirty questions, and leaves it as it was', async () => {
    const { exitCode, last, stderr, octets } = await firstRun();
    assert.equal(stderr, '');
    assert.equal(exitCode, 0);
    const file = parsed(octets);
    assert.deepEqual(inconsistencies(file), []);
    assert.deepEqual(
      file.questions.map(({ id }) => id),
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    const { yes, no, other, skipped } = file.summary;
    assert.deepEqual(last, { questions: 30, yes, no, other, skipped, leftovers: 0, ok: true });
    assert.equal(file.host, 'double');
    assert.deepEqual(file.snapshots?.diff, []);
    // Only what a double does not have at all is skipped.
    const lacking = new Set([1, 2, 4, 6, 7, 10, 11, 29, 30]);
    for (const { id, verdict } of file.questions) assert.ok(verdict !== 'skipped' || lacking.has(id), `question ${id}`);
    // Nothing of an asked question went wrong in the script itself.
    const broken = file.questions.filter(({ observed }) => observed.startsWith('ended early'));
    assert.deepEqual(
      broken.map(({ id, observed }) => [id, observed]),
      [],
    );
    const observed = (id: number): string => file.questions.find((answer) => answer.id === id)?.observed ?? '';
    assert.match(observed(23), /key gone: 1312/);
    assert.match(observed(26), /by the id of the site alone: 0, then 0$/);
    assert.match(observed(28), /what Everbind reads of the firewall: http\.sys \w+, node \w+/);
    assert.equal(file.iis?.sharedConfig, false);
    for (const { leaf, error } of file.handshakes) assert.equal(leaf === null, error !== null);
    assert.ok(
      file.handshakes.some(({ tls }) => tls === 'TLSv1.2') && file.handshakes.some(({ tls }) => tls === 'TLSv1.3'),
    );
    assert.ok(file.appcmd.length >= 25);
  });

  it('says how it is used, and what is wrong with how it was', async () => {
    const help = await runCommand(process.execPath, [MAIN, '--help']);
    assert.equal(help.exitCode, 0);
    assert.match(help.stdout, /^node lab\/first-run\/main\.ts \[--out FILE\]/);
    for (const [args, problem] of [
      ['--only 31', '--only takes numbers from 1 to 30'],
      ['--double --logs x', 'the double has no logs: leave --logs out'],
      ['--sabotage leave-key', '--sabotage works with --double only'],
    ] as const) {
      const { exitCode, stderr } = await runCommand(process.execPath, [MAIN, ...args.split(' ')]);
      assert.equal(exitCode, 2);
      assert.equal(stderr, `error: ${problem}\n(--help shows the usage)\n`);
    }
  });

  it('shows each question that was asked with its answer, and where the file is', async () => {
    const out = join(folder, 'shown.json');
    const { stdout } = await runCommand(process.execPath, [MAIN, '--double', '--only', '12', '--out', out]);
    const lines = stdout.split('\n');
    assert.equal(
      lines[0],
      ' 12  yes      What do set, update, remove and query of each kind of record return, absent and',
    );
    assert.equal(lines[1], '              present?');
    assert.equal(lines.at(-3), `The answers are in ${out}. To read them: node tools/first-run.ts ${out}`);
    assert.ok(lines.slice(0, -3).every((line) => line.length <= 100 && !line.includes('needs')));
  });

  it('shows names only when they are asked for', async () => {
    const shown = await runOnDouble(null, true);
    assert.ok(shown.octets.includes('Contoso Webshop'));
    const { octets } = await runOnDouble(null);
    assert.ok(!octets.includes('Contoso'));
    assert.match(octets.toString('utf8'), /site name#[0-9a-f]{12} name#[0-9a-f]{12}/);
  });

  const seen: Readonly<Record<Sabotage, RegExp>> = {
    'skip-effect': /^question 12 has a call that was not made: sslRecords\.update with 0$/m,
    'forge-status': /^question 12 has a call that was not made: sslRecords\.\w+ with 0$/m,
    'leave-record': /leftovers: 2 left[^]*the double has other records than before/,
    'hide-leftover': /^the double has other records than before/,
    'leave-key': /^the double has other keys than before$/,
    'claim-yes': /^questions\.0: yes without a call$/,
    'leak-name': /^a name of the machine is in the file: "Contoso Webshop"$/,
    'drop-question': /^questions: question 30 is not there$/,
    'wrong-summary': /^summary\.yes: (\d+) instead of \d+$/,
    'claim-windows': /host: windows, and it was a double$/,
  };
  for (const sabotage of Object.keys(SABOTAGES) as Sabotage[]) {
    it(`is found out when it ${SABOTAGES[sabotage]}`, async () => {
      assert.match((await runOnDouble(sabotage)).problems.join('\n'), seen[sabotage]);
    });
  }

  it('says so in its last line and its exit status', async () => {
    const { exitCode, last, stderr } = await firstRun('--only', '12', '--sabotage', 'hide-leftover');
    assert.equal(exitCode, 1);
    assert.equal(last['ok'], false);
    assert.match(stderr, seen['hide-leftover']);
  });

  it('is judged by an observer that shares no code with it', async () => {
    const imported = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (imported.has(path)) return;
      imported.add(path);
      const text = await readFile(path, 'utf8');
      for (const [, from = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
        const next = join(path, '..', from);
        if (next.startsWith('lab/first-run/')) await visit(next);
      }
    };
    await visit('lab/first-run/observer/judge.ts');
    assert.deepEqual([...imported].sort(), [
      'lab/first-run/observer/double.ts',
      'lab/first-run/observer/judge.ts',
      'lab/first-run/reader/consistency.ts',
      'lab/first-run/reader/schema.ts',
    ]);
  });

  it('refuses wrong usage, and sabotage of a real server', async () => {
    for (const args of [
      ['--nonsense'],
      ['--only', '31'],
      ['--sabotage', 'leak-name'],
      ['--double', '--sabotage', 'x'],
    ]) {
      const { exitCode, stdout } = await runCommand(process.execPath, [MAIN, ...args]);
      assert.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
    }
  });
});

describe('the thirty questions', () => {
  it('have their numbers, and files that are there', () => {
    assert.deepEqual(
      questions.map(({ id }) => id),
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    const known = new Set(BELIEFS.map((belief) => belief.id));
    for (const { id, file, beliefs, expected, question } of questions) {
      assert.ok(existsSync(file), `question ${id}: ${file}`);
      assert.ok(beliefs.length > 0 && beliefs.every((belief) => known.has(belief)), `question ${id}`);
      assert.ok(expected !== '' && question.endsWith('?'), `question ${id}`);
    }
  });
});
