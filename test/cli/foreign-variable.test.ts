import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCommand } from '../../lab/run-command.ts';
import { foreignVariable } from '../../src/cli/foreign-variable.ts';

const folder = mkdtempSync(join(tmpdir(), 'everbind-variable-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const code = join(folder, 'code.cjs');
writeFileSync(code, '');
writeFileSync(join(folder, 'openssl.cnf'), '');

function run(variables: Readonly<Record<string, string>>, ...more: readonly string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = ['src/cli/main.ts', 'list', '--state-dir', join(folder, 'none'), ...more];
  return runCommand(process.execPath, args, { env: { ...env, ...variables } });
}

describe('a variable that decides what the program does', () => {
  const set: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'code that Node loads first': { NODE_OPTIONS: `--require ${code}` },
    'a log of TLS secrets': { NODE_OPTIONS: `--no-warnings --tls-keylog=${join(folder, 'keys')}` },
    'another configuration of OpenSSL': { OPENSSL_CONF: join(folder, 'openssl.cnf') },
    'modules of OpenSSL': { OPENSSL_MODULES: folder },
    'packages of Node': { NODE_PATH: folder },
    'roots that Node reads first': { NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: code },
  };
  for (const [what, variables] of Object.entries(set)) {
    it(`(${what}) is refused by its name`, async () => {
      const { exitCode, stderr } = await run(variables);
      assert.equal(exitCode, 2);
      assert.match(stderr, /\[CLI_ENVIRONMENT\]/);
      assert.match(stderr, new RegExp(`variable ${Object.keys(variables)[0]} is`));
    });
  }

  it('is told as JSON, too', async () => {
    const { exitCode, stdout } = await run({ NODE_PATH: folder }, '--json');
    assert.equal(exitCode, 2);
    assert.match(stdout, /"CLI_ENVIRONMENT"/);
  });

  it('that only says how much memory there is, or is empty, is none', async () => {
    const { stderr } = await run({ NODE_OPTIONS: '--max-old-space-size=4096 --no-warnings', NODE_PATH: '' });
    assert.match(stderr, /\[STORE_NOT_FOUND\]/);
  });

  it('of the loader is one where there is such a loader', () => {
    assert.equal(foreignVariable({ LD_PRELOAD: 'x.so' }, 'linux'), 'LD_PRELOAD');
    assert.equal(foreignVariable({ LD_PRELOAD: 'x.so' }, 'win32'), null);
  });
});
