import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, test } from 'node:test';
import { configuration } from './odd-configurations.ts';
import { lastLine, wideLines } from './support.ts';

// The demo as people start it.

const main = fileURLToPath(new URL('../../../lab/demo/main.ts', import.meta.url));
let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'everbind-demo-test-'));
});
afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  onOutput: (out: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, TMPDIR: temporary },
      cwd: temporary,
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => onOutput((out += text), child));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

async function assertNothingLeft(): Promise<void> {
  const left = (await readdir(temporary)).filter((name) => !name.endsWith('.config'));
  assert.deepEqual(left, [], 'temporary folders');
  assert.deepEqual(await processesNaming(temporary), [], 'processes');
}

/** Ids of the processes whose command line names the folder. */
async function processesNaming(folder: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    ids.map(async (id) => {
      const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      return line.includes(folder) ? [id] : [];
    }),
  );
  return found.flat();
}

test('the built-in demo renews every site and rolls one back', async () => {
  const { status, out, err } = await start(['--exit']);
  assert.equal(status, 0, out + err);
  const { renewed, verified, rolledBack, failed, bindings, notHandled, audit, ok } = lastLine(out);
  assert.deepEqual(
    { renewed, verified, rolledBack, failed, bindings, notHandled, audit, ok },
    { renewed: 12, verified: 12, rolledBack: 1, failed: 0, bindings: 16, notHandled: 0, audit: 'ok', ok: true },
  );
  assert.match(out, /rolled back mirror-with-a-stuck-record/);
  assert.deepEqual(wideLines(out), []);
  assert.ok(!out.includes('\u001b'), 'no colours away from a terminal');
  assert.equal(err, '', 'no progress away from a terminal');
  await assertNothingLeft();
});

for (const [when, mark] of [
  ['at the start', 'Starting'],
  ['while it scans', '$ everbind scan'],
  ['while it renews', '$ everbind renew --all-due\n'],
  ['while it judges', '$ everbind audit verify'],
] as const) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ${when} ends the demo and leaves nothing`, async () => {
      let sent = false;
      const { status, out, err } = await start(['--exit'], (text, child) => {
        if (sent || !text.includes(mark)) return;
        sent = true;
        child.kill(signal);
      });
      assert.ok(status === 130 || status === 0, `${status}: ${out}${err}`);
      assert.equal(typeof lastLine(out)['ok'], 'boolean');
      await assertNothingLeft();
    });
  }
}

test('a demo that stays up can be used from another process and ends with Ctrl+C', async () => {
  const program = fileURLToPath(new URL('../../../lab/everbind.ts', import.meta.url));
  let asked = false;
  let answer: Promise<Ended> | null = null;
  const demo = await start([], (text, child) => {
    if (asked || !text.includes('until Ctrl+C')) return;
    asked = true;
    answer = run(program, ['list', '--json']).finally(() => child.kill('SIGINT'));
  });
  assert.equal(demo.status, 0, demo.out + demo.err);
  const listed = JSON.parse((await (answer as Promise<Ended> | null))?.out ?? '') as { certificates: unknown[] };
  assert.equal(listed.certificates.length, 13);
  assert.equal(lastLine(demo.out)['ok'], true);
  await assertNothingLeft();
});

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args]);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

for (const { name, make, status, code } of [
  { name: 'a broken file', make: () => '<configuration><a>', status: 2, code: 'IIS_CONFIG_INVALID' },
  { name: 'a folder', make: null, status: 2, code: 'IIS_CONFIG_INVALID' },
  { name: 'a missing file', make: undefined, status: 2, code: 'IIS_CONFIG_INVALID' },
] as const) {
  test(`${name}: a coded error, and JSON all the same`, async () => {
    const file = join(temporary, 'some.config');
    if (make !== null && make !== undefined) await writeFile(file, make());
    const ended = await start(['--exit', '--iis', make === null ? temporary : 'some.config']);
    const line = lastLine(ended.out) as { ok: boolean; renewed: number; audit: string; error: { code: string } };
    assert.equal(ended.status, status, ended.out);
    assert.equal(line.error.code, code);
    assert.deepEqual([line.ok, line.renewed, line.audit], [false, 0, 'none']);
    assert.match(ended.err, new RegExp(code));
    await assertNothingLeft();
  });
}

test('a file without https bindings is said to be one', async () => {
  const file = join(temporary, 'plain.config');
  await writeFile(file, configuration([{ name: 'Plain', bindings: [{ protocol: 'http', info: '*:80:' }] }]));
  const { status, out } = await start(['--exit', '--iis', file]);
  assert.equal(status, 0);
  assert.match(out, /no https binding/);
  assert.deepEqual([lastLine(out)['ok'], lastLine(out)['audit'], lastLine(out)['renewed']], [true, 'ok', 0]);
});

test('a wrong option is answered with the help', async () => {
  const { status, err } = await start(['--exti']);
  assert.equal(status, 2);
  assert.match(err, /npm run demo/);
});
