import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
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
    // Groups only lead to their commands, and the schema is JSON by itself.
    if (path.length === 0 || out.includes('Commands:') || path.join(' ') === 'config schema') continue;
    for (const option of ['--json', '--config', '--state-dir']) assert.ok(out.includes(option), path.join(' '));
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
