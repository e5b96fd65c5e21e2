import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCommand } from '../../lab/run-command.ts';
import { listedSum } from '../../tools/verify-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'everbind-verify-node-'));
after(() => rmSync(folder, { recursive: true }));

const program = Buffer.from('a program, for the test');
const sum = createHash('sha256').update(program).digest('hex');
const other = 'ab'.repeat(32);

async function verify(sums: string, content: Uint8Array): Promise<readonly [number, string]> {
  const [list, file] = [join(folder, 'SHASUMS256.txt'), join(folder, 'node.exe')];
  writeFileSync(list, sums);
  writeFileSync(file, content);
  const args = ['tools/verify-node.ts', '--sums', list, '--entry', 'win-x64/node.exe', '--file', file];
  const { exitCode, stdout } = await runCommand(process.execPath, args);
  return [exitCode, stdout.split(' ')[0] ?? ''];
}

describe('the program of Node that we ship', () => {
  const sums = `${other}  node-v26.0.0.tar.gz\n${other}  win-arm64/node.exe\n${sum}  win-x64/node.exe\n`;

  it('is the one that Node’s list names', async () => {
    assert.deepEqual(await verify(sums, program), [0, 'match']);
  });

  it('is told from another one', async () => {
    assert.deepEqual(await verify(sums, Buffer.concat([program, Buffer.from([0])])), [1, 'MISMATCH']);
    assert.deepEqual(await verify(sums.replace(sum, other), program), [1, 'MISMATCH']);
  });

  it('is not said to match where the list does not name it once', async () => {
    assert.deepEqual(await verify(sums.replace('win-x64', 'win-x86'), program), [2, '']);
    assert.deepEqual(await verify(`${sums}${other}  win-x64/node.exe\n`, program), [2, '']);
    assert.deepEqual(await verify('', program), [2, '']);
    assert.equal(listedSum(`${sum} win-x64/node.exe`, 'win-x64/node.exe'), null);
  });
});
