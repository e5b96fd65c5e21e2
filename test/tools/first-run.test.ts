import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inconsistencies } from '../../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../../lab/first-run/reader/schema.ts';
import { runCommand } from '../../lab/run-command.ts';
import type { ResultFile } from '../../src/selftest/result-file.ts';
import { verdictOf } from '../../tools/first-run/fallen.ts';
import { markdownOf, textOf } from '../../tools/first-run/report.ts';
import { runOnDouble } from '../lab/first-run/support.ts';

let folder: string;
/** A run of the double in which one question was asked. */
let made: ResultFile;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-first-run-file-'));
  const read = readResultFile((await runOnDouble(null)).octets);
  assert.ok(read.ok);
  made = read.file;
});
after(() => rm(folder, { recursive: true, force: true }));

function octetsOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The file with one field set to something else. */
function spoilt(path: string, value: unknown): Buffer {
  const copy = structuredClone(made) as unknown as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let place = copy;
  for (const step of steps) place = place[step] as Record<string, unknown>;
  place[last] = value;
  return octetsOf(copy);
}

function answered(id: number, other: Partial<ResultFile['questions'][number]>): ResultFile {
  return { ...made, questions: made.questions.map((one) => (one.id === id ? { ...one, ...other } : one)) };
}

describe('reading a result file', () => {
  it('gives back what the run wrote, with nothing lost', () => {
    const read = readResultFile(octetsOf(made));
    assert.ok(read.ok);
    assert.deepEqual(read.file, made);
    assert.deepEqual(inconsistencies(read.file), []);
  });

  it('is deaf to fields that nobody reads', () => {
    const more = { ...made, surprise: { deep: [[[['x']]]] }, summary: { ...made.summary, ok: true }, __proto__: null };
    const read = readResultFile(octetsOf(more));
    assert.ok(read.ok);
    assert.deepEqual(read.file, made);
    const pollution = Buffer.from(`{"__proto__":{"polluted":true},${JSON.stringify(made).slice(1)}`);
    assert.ok(readResultFile(pollution).ok);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  const refused: readonly (readonly [path: string, value: unknown])[] = [
    ['schema', 'everbind-first-run/2'],
    ['host', 'Windows'],
    ['startedAt', 'yesterday'],
    ['questions', {}],
    ['questions.0.verdict', 'maybe'],
    ['questions.0.id', 1.5],
    ['questions.0.observed', 'x'.repeat(20_001)],
    ['questions.11.raw.calls.0.status', -1],
    ['questions.11.raw.calls.0.status', 2 ** 32],
    ['questions.11.raw.calls.0.ms', '5'],
    ['questions.0.raw.octetsHex', 'abc'],
    ['summary.yes', null],
    ['leftovers', ['x'.repeat(2_001)]],
    ['handshakes', [{ address: 1 }]],
    ['node', null],
    ['appcmd', Array.from({ length: 5_001 }, () => ({ args: [], exitCode: 0, stdoutHex: null, ms: 0 }))],
  ];
  for (const [path, value] of refused) {
    it(`refuses ${JSON.stringify(value).slice(0, 40)} as ${path}, and says where`, () => {
      const read = readResultFile(spoilt(path, value));
      assert.equal(read.ok, false);
      assert.ok(!read.ok && read.path.startsWith(path), JSON.stringify(read));
    });
  }

  it('refuses what is no file of ours at all', () => {
    const whole: readonly Uint8Array[] = [
      Buffer.alloc(0),
      Buffer.from('null'),
      Buffer.from('[]'),
      Buffer.from('{"schema":"everbind-first-run/1"'),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
      Buffer.from('['.repeat(200_000)),
      Buffer.alloc((32 << 20) + 1, 0x20),
    ];
    for (const octets of whole) assert.equal(readResultFile(octets).ok, false);
  });
});

describe('what a result file says against itself', () => {
  it('is reported with its place', () => {
    const found = (file: ResultFile): readonly string[] => inconsistencies(file).map(({ path }) => path);
    assert.deepEqual(found({ ...made, leftovers: ['site x'] }), ['leftovers']);
    assert.deepEqual(found({ ...made, endedAt: '2001-01-01T00:00:00.000Z' }), ['endedAt']);
    assert.deepEqual(found({ ...made, questions: made.questions.slice(1) }), ['questions', 'summary.skipped']);
    assert.deepEqual(found({ ...made, snapshots: null }), ['snapshots']);
    const before = [...(made.snapshots?.before ?? []), 'record x'];
    assert.deepEqual(found({ ...made, snapshots: { before, after: [], diff: [] } }), ['snapshots.diff']);
    const call = { name: 'NCryptOpenKey', status: 0, ms: 1 };
    assert.deepEqual(found(answered(12, { raw: { calls: [call], octetsHex: null } })), ['host']);
  });
});

describe('what a result file means', () => {
  it('counts as fallen what the code relies on, by the answers and not by the summary', () => {
    assert.deepEqual(verdictOf(made).fallen, []);
    const fell = verdictOf(answered(12, { verdict: 'no', observed: 'update absent 0' }));
    assert.deepEqual(
      fell.fallen.map(({ question }) => question.id),
      [12],
    );
    assert.ok(fell.beliefs.includes('A33'));
    const surprise = verdictOf(answered(23, { verdict: 'no' }));
    assert.deepEqual([surprise.fallen.length, surprise.surprises.length], [0, 1]);
  });

  it('is shown without anything that acts on a terminal or in Markdown', () => {
    const file = answered(12, {
      verdict: 'no',
      observed: 'a\u001b[2Jb\u202ec | <b> `x`\nnext',
      question: 'Is this ours?',
    });
    const text = textOf(file, verdictOf(file));
    assert.ok(!/[\u001b\u202e]/.test(text));
    assert.ok(!text.includes('Is this ours?'));
    const markdown = markdownOf(file, verdictOf(file));
    assert.equal(markdown.split('\n').filter((line) => /^\| \d+ \|/.test(line)).length, 30);
    assert.ok(markdown.includes('c \\| \\<b\\> \\`x\\` next'));
    assert.ok(markdown.startsWith('First run on the double: says nothing about Windows.'));
  });

  it('is, for a self-test, what its steps say', () => {
    const step = {
      step: 'bind it',
      outcome: 'failed',
      ms: 1,
      code: 'SELFTEST_FAILED',
      message: 'no',
      calls: [],
    } as const;
    const summary = { yes: 1, no: 1, other: 0, skipped: 0, blocking: ['bind it'] };
    const steps = [step, { ...step, step: 'host', outcome: 'passed', code: null } as const];
    const file: ResultFile = { ...made, producedBy: 'selftest', questions: [], snapshots: null, steps, summary };
    assert.deepEqual(inconsistencies(file), []);
    assert.equal(inconsistencies({ ...file, summary: made.summary }).length > 0, true);
    const text = textOf(file, verdictOf(file));
    assert.match(text, /^FAILED step bind it: no \[SELFTEST_FAILED\]$/m);
    assert.match(text, /^1 of 2 steps passed, 0 skipped, 1 failed\.$/m);
  });

  it('is the exit status of the reader: 0, 1, 2', async () => {
    const ended = async (name: string, octets: Uint8Array): Promise<Awaited<ReturnType<typeof runCommand>>> => {
      await writeFile(join(folder, name), octets);
      return runCommand(process.execPath, ['tools/first-run.ts', join(folder, name)]);
    };
    const [good, fell, broken, contradicting, help, wrong] = await Promise.all([
      ended('good', octetsOf(made)),
      ended('fell', octetsOf(answered(12, { verdict: 'no', observed: 'update absent 0' }))),
      ended('broken', spoilt('questions.3.verdict', 'maybe')),
      ended('contradicting', spoilt('summary.yes', 30)),
      runCommand(process.execPath, ['tools/first-run.ts', '--help']),
      runCommand(process.execPath, ['tools/first-run.ts', 'one', 'two']),
    ]);
    assert.deepEqual([good.exitCode, fell.exitCode, broken.exitCode], [0, 1, 2]);
    assert.equal(contradicting.exitCode, 1);
    assert.equal(contradicting.stderr, 'summary.yes: 30 instead of 1\n');
    assert.equal(help.exitCode, 0);
    assert.match(help.stdout, /^node tools\/first-run\.ts FILE/);
    assert.equal(wrong.exitCode, 2);
    assert.equal(wrong.stderr, 'error: one file is wanted\n(--help shows the usage)\n');
    assert.match(fell.stdout, /FELL, and the code relies on it:\n {2}Q12 /);
    assert.match(fell.stdout, /observed {6}update absent 0\n {4}relied on by {2}src\/windows\/http\/ssl-records\.ts/);
    assert.ok(fell.stdout.split('\n').every((line) => line.length <= 100));
    assert.match(broken.stderr, /^questions\.3\.verdict: /);
  });
});
