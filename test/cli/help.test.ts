import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { registerCommands } from '../../src/cli/commands/all.ts';
import { processIo } from '../../src/cli/process-io.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { runIn } from './world.ts';

const unreachable = (): Promise<never> => Promise.reject(new Error('not reached'));
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** `secret set` and so on: every command and group there is. */
function commandPaths(): readonly (readonly string[])[] {
  const program = new Command('everbind');
  registerCommands(
    program,
    {
      io: processIo(process),
      clock: systemClock,
      random: systemRandom,
      stateDir: '',
      configFile: '',
      openHost: unreachable,
      signal: new AbortController().signal,
    },
    () => {},
  );
  const walk = (command: Command, path: readonly string[]): (readonly string[])[] => [
    path,
    ...command.commands.flatMap((child) => walk(child, [...path, child.name()])),
  ];
  return walk(program, []);
}

test('every command has help with examples that fits 80 columns', async () => {
  const paths = commandPaths();
  assert.ok(paths.length >= 15, `${paths.length} commands`);
  for (const path of paths) {
    const { status, out } = await runIn({ stateDir: '/nowhere', openHost: unreachable }, [...path, '--help']);
    const name = path.join(' ');
    assert.equal(status, 0, name);
    assert.match(out, /^Usage: everbind/m, name);
    assert.match(out, /^Examples:\n {2}everbind /m, name);
    for (const line of out.split('\n')) assert.ok(line.length <= 80, `${name}: ${line}`);
  }
});

test('every command that works on something takes --json, --config and --state-dir', async () => {
  for (const path of commandPaths()) {
    const { out } = await runIn({ stateDir: '/nowhere', openHost: unreachable }, [...path, '--help']);
    // Groups only lead to their commands, and the schema is of no file.
    if (path.length === 0 || out.includes('Commands:')) continue;
    const options = path.join(' ') === 'config schema' ? ['--json'] : ['--json', '--config', '--state-dir'];
    for (const option of options) assert.ok(out.includes(option), path.join(' '));
  }
});

test('--version answers without loading the program', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--version']);
  assert.match(stdout, /^everbind \d+\.\d+\.\d+\n$/);
});

function io(env: Readonly<Record<string, string>>, terminal: boolean): ReturnType<typeof processIo> {
  const stream = { isTTY: terminal, columns: 100, write: () => true, on: () => stream };
  return processIo({
    ...process,
    env,
    stdin: process.stdin,
    stdout: stream,
    stderr: stream,
  } as unknown as NodeJS.Process);
}

test('colours and progress only on a terminal that can, and NO_COLOR is obeyed', () => {
  assert.deepEqual([io({}, true).colour, io({}, true).interactive, io({}, true).columns], [true, true, 100]);
  assert.deepEqual([io({}, false).colour, io({}, false).interactive, io({}, false).columns], [false, false, 80]);
  assert.equal(io({ NO_COLOR: '1' }, true).colour, false);
  assert.equal(io({ NO_COLOR: '' }, true).colour, true);
  assert.equal(io({ TERM: 'dumb' }, true).colour, false);
  assert.equal(io({ TERM: 'dumb' }, true).interactive, false);
  assert.equal(io({ CI: '1' }, true).interactive, false);
});

test('who reads may go away: what is done goes on, and no trace of Node is printed', async () => {
  const script = `
    import { processIo } from ${JSON.stringify(new URL('../../src/cli/process-io.ts', import.meta.url).href)};
    import { once } from 'node:events';
    const io = processIo(process);
    process.stdin.resume();
    await once(process.stdin, 'end');
    for (let count = 0; count < 3; count += 1) {
      io.out('lost\\n');
      await new Promise((resolve) => setImmediate(resolve));
    }
    io.err('done');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end();
  const [status] = (await once(child, 'close')) as [number];
  assert.deepEqual([status, err], [0, 'done']);
});

test('a result that the disk had no room for is a failure', { skip: !existsSync('/dev/full') }, async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [main, 'config', 'schema'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 1);
  assert.doesNotMatch(err, /node:/);
});

test('a wrong command line is one JSON object too', async () => {
  const world = { stateDir: '/nowhere', openHost: unreachable };
  for (const [args, message] of [
    [['lsit', '--json'], /unknown command 'lsit'[^]*list/],
    [['--json', 'list'], /unknown option '--json'/],
    [['list', '--json', 'more'], /too many arguments/],
    [['show', '--json'], /missing required argument/],
    [['revoke', 'a', '--json', '--reason', 'none'], /Allowed choices/],
  ] as const) {
    const { status, out, err } = await runIn(world, args);
    assert.deepEqual([status, err], [2, ''], args.join(' '));
    const { error } = JSON.parse(out) as { error: { code: string; message: string } };
    assert.equal(error.code, 'CLI_USAGE');
    assert.match(error.message, message);
    const text = await runIn(
      world,
      args.filter((arg) => arg !== '--json'),
    );
    if (args[0] !== '--json') assert.deepEqual([text.status, text.out], [2, '']);
  }
});
