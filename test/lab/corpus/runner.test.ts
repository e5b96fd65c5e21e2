import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type CommandResult, runCommand } from '../../../lab/run-command.ts';
import { toPem } from '../../../src/pki/asn1/pem.ts';
import { makeLeafDer, makeRoot } from '../../pki/support/make-chain.ts';

const runner = path.join(import.meta.dirname, '..', '..', '..', 'lab', 'corpus', 'main.ts');
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'everbind-corpus-'));
});
after(() => rm(folder, { recursive: true }));

function run(corpus: string, args: readonly string[], ci = false): Promise<CommandResult> {
  const { CI: _, ...env } = process.env;
  return runCommand(process.execPath, [runner, ...args], {
    env: { ...env, EVERBIND_CORPUS: corpus, ...(ci ? { CI: '1' } : {}) },
  });
}

async function makeCorpus(name: string, cases: readonly object[]): Promise<string> {
  const corpus = path.join(folder, name);
  await mkdir(path.join(corpus, 'certs', 'limbo'), { recursive: true });
  await writeFile(path.join(corpus, 'certs', 'limbo', 'limbo.json'), JSON.stringify({ testcases: cases }));
  return corpus;
}

function limboCase(id: string, expected: string, features: readonly string[] = []): object {
  const root = makeRoot();
  return {
    id,
    features,
    validation_kind: 'SERVER',
    trusted_certs: [toPem('CERTIFICATE', root.certificate.der)],
    untrusted_intermediates: [],
    peer_certificate: toPem('CERTIFICATE', makeLeafDer(root)),
    validation_time: '2026-11-23T00:00:00+00:00',
    key_usage: [],
    extended_key_usage: [],
    expected_result: expected,
    expected_peer_name: { kind: 'DNS', value: 'shop.example' },
    expected_peer_names: null,
    max_chain_depth: null,
    crls: [],
  };
}

const lastLine = (result: CommandResult): string | undefined => result.stdout.trimEnd().split('\n').at(-1);

test('an absent corpus is said in one line and is an error only in CI', async () => {
  const absent = path.join(folder, 'absent');
  const here = await run(absent, []);
  assert.equal(here.exitCode, 0);
  assert.equal(here.stdout.trimEnd().split('\n').length, 1);
  assert.equal((await run(absent, [], true)).exitCode, 1);
});

test('cases that pass, fail and differ softly', async () => {
  const good = await makeCorpus('good', [limboCase('a', 'SUCCESS'), limboCase('b', 'FAILURE', ['pedantic-x'])]);
  const passed = await run(good, ['limbo']);
  assert.equal(passed.exitCode, 0, passed.stdout);
  assert.equal(lastLine(passed), '1 passed, 0 failed');
  assert.match(passed.stdout, /differs \(pedantic-x\) limbo\/b/);
  const bad = await makeCorpus('bad', [limboCase('a', 'SUCCESS'), limboCase('b', 'FAILURE')]);
  const failed = await run(bad, ['limbo']);
  assert.equal(failed.exitCode, 1);
  assert.equal(lastLine(failed), '1 passed, 1 failed');
  assert.match(failed.stdout, /FAILED limbo\/b/);
});

test('nothing to run is a failure, and so is an unknown group', async () => {
  const empty = await makeCorpus('empty', []);
  const nothing = await run(empty, ['limbo']);
  assert.equal(nothing.exitCode, 1);
  assert.equal(lastLine(nothing), '0 passed, 0 failed');
  assert.equal((await run(empty, ['no-such-group'])).exitCode, 2);
});

test('the list runs nothing', async () => {
  const corpus = await makeCorpus('list', [limboCase('a', 'FAILURE')]);
  const listed = await run(corpus, ['limbo', '--list']);
  assert.equal(listed.exitCode, 0);
  assert.equal(listed.stdout, 'limbo/a\n');
});
