import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../lab/run-command.ts';

test('npm run interop -- dns: real DNS servers, and a CA that asks them', async () => {
  const program = fileURLToPath(new URL('../../../lab/interop/main.ts', import.meta.url));
  const { exitCode, stdout, stderr } = await runCommand(process.execPath, [program, 'dns']);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  const { passed, ...rest } = JSON.parse(last) as Record<string, unknown>;
  assert.deepEqual(rest, { failed: 0, servers: ['BIND 9', 'Knot DNS', 'PowerDNS', 'Pebble'], ok: true });
  assert.ok(Number(passed) >= 19, last);
});
