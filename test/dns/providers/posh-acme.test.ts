import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { poshAcme } from '../../../src/dns/providers/posh-acme.ts';
import { POSH_SCRIPT } from '../../../src/dns/provider-kit/posh-acme-script.ts';
import { runProgram } from '../../../src/dns/run-program.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { createKeyedMutex } from '../../../src/concurrency/keyed-mutex.ts';
import { secretWord } from './contract.ts';
import { idleParts } from '../support.ts';

// A double of PowerShell: it takes the same command line and the same standard input, and notes both.
const double = `
import { appendFileSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
const [, file, ...argv] = process.argv;
const input = readFileSync(0, 'utf8');
appendFileSync(dirname(file) + '/runs', JSON.stringify({ argv, input, env: process.env }) + '\\n');
const { plugin, arguments: args } = JSON.parse(input);
process.stdout.write('much that nobody reads');
const said = 'System.Net.WebException status 401 at ' + plugin + '.ps1:42';
process.stderr.write(plugin === 'Leaky' ? said + ' ' + JSON.stringify(args) : said);
process.exitCode = { Good: 0, Broken: 1, Leaky: 1, Missing: 3, Busy: 5 }[plugin] ?? 4;
`;

const token = secretWord('token');
const args = { DSToken: { secure: token }, DSAccount: 'kontö', Login: { user: 'admin', secure: token }, Sandbox: true };
let folder: string;
let program: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posh-'));
  program = join(folder, 'pwsh.mjs');
  await writeFile(program, `#!${process.execPath}\n${double}`);
  await chmod(program, 0o755);
});
after(() => rm(folder, { recursive: true }));

const record = { name: '_acme-challenge.www.example.com', value: 'nHQmRjLHqlFNrHIlVd4EcG5NqVNyoBXNJAYvyKyLqLY' };

function open(settings: Readonly<Record<string, string>>) {
  const parts = { ...idleParts, runProgram, inTurn: createKeyedMutex() };
  return poshAcme.create({ program, arguments: JSON.stringify(args), ...settings }, parts);
}

test('posh-acme: the task goes through standard input and nowhere else', async () => {
  const provider = open({ plugin: 'Good' });
  await provider.present(record);
  await provider.cleanUp(record);
  assert.equal(await provider.findZone(record.name), 'example.com');
  const lines = (await readFile(join(folder, 'runs'), 'utf8')).trimEnd().split('\n');
  const runs = lines.map((line) => JSON.parse(line) as { argv: string[]; input: string; env: object });
  assert.equal(runs.length, 2);
  for (const [index, { argv, input, env }] of runs.entries()) {
    const encoded = argv.pop() ?? '';
    assert.deepEqual(argv, ['-NoLogo', '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text', '-EncodedCommand']);
    assert.equal(Buffer.from(encoded, 'base64').toString('utf16le'), POSH_SCRIPT);
    assert.ok(encoded.length < 30_000, 'Windows takes 32,767 characters');
    assert.match(input, /^[\x20-\x7e]*$/);
    const action = ['present', 'cleanup'][index];
    assert.deepEqual(JSON.parse(input), { action, module: 'Posh-ACME', plugin: 'Good', ...record, arguments: args });
    assert.ok(!JSON.stringify([argv, env]).includes('sEcReT'));
  }
});

test('posh-acme: failures by exit code, with the place of the error and without what it quotes', async () => {
  const cases = [
    ['Broken', 'DNS_PROVIDER_FAILED'],
    ['Leaky', 'DNS_PROVIDER_FAILED'],
    ['Missing', 'DNS_PROVIDER_SETTING'],
    ['Other', 'DNS_PROVIDER_SETTING'],
  ] as const;
  for (const [plugin, code] of cases) {
    const error: unknown = await open({ plugin })
      .present(record)
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof EverbindError && error.code === code, inspect(error));
    assert.ok(!inspect(error, { depth: 9 }).includes('sEcReT'), inspect(error));
    assert.equal(
      error.message.includes('(System.Net.WebException status 401 at '),
      ['Broken', 'Other'].includes(plugin),
    );
  }
  const error: unknown = await open({ plugin: 'Good', program: '/nowhere/pwsh' })
    .present(record)
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof EverbindError && error.details['reason'] === 'not-started', inspect(error));
});

test('posh-acme: a plugin whose host asks for patience is run again after a while', async () => {
  const slept: number[] = [];
  const clock = { now: () => slept.reduce((sum, ms) => sum + ms, 0), sleep: async (ms: number) => void slept.push(ms) };
  const provider = poshAcme.create({ program, plugin: 'Busy' }, { ...idleParts, runProgram, clock });
  const error: unknown = await provider.present(record).catch((reason: unknown) => reason);
  assert.ok(error instanceof EverbindError && error.code === 'DNS_RATE_LIMITED', inspect(error));
  assert.deepEqual(slept.slice(0, 4), [1_000, 2_000, 4_000, 8_000]);
  assert.ok(clock.now() <= 90_000);
});

test('posh-acme: settings that could run something else are refused', () => {
  const wrong = [
    { plugin: '../Evil' },
    { plugin: '' },
    { plugin: 'Good', program: 'pwsh' },
    { plugin: 'Good', program: '' },
    { plugin: 'Good', module: 'Other-Module' },
    { plugin: 'Good', arguments: token },
    { plugin: 'Good', arguments: '{"a-b": "c"}' },
    { plugin: 'Good', arguments: '{"a": {"secure": "x", "more": 1}}' },
  ];
  for (const settings of wrong) {
    assert.throws(
      () => open(settings),
      (error) => {
        assert.ok(error instanceof EverbindError && error.code === 'DNS_PROVIDER_SETTING', inspect(settings));
        return !inspect(error).includes('sEcReT');
      },
    );
  }
});
