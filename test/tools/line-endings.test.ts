import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';

it('git for Windows, which writes CRLF by default, leaves the octets of every file as they are', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-line-endings-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const git = (...args: readonly string[]): Promise<unknown> => mustRun('git', ['-C', folder, ...args]);
  const files = { 'a.ts': 'one\ntwo\n', 'b.config': 'one\r\ntwo\r\n', 'c.bin': 'a\0b\r\n\n' } as const;
  await git('init', '-q');
  await git('config', 'core.autocrlf', 'true');
  await git('config', 'core.safecrlf', 'false');
  await copyFile(new URL('../../.gitattributes', import.meta.url), join(folder, '.gitattributes'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await git('add', '.');
  for (const name of Object.keys(files)) await rm(join(folder, name));
  await git('checkout', '-q', '--', '.');
  for (const [name, text] of Object.entries(files)) {
    assert.equal(await readFile(join(folder, name), 'utf8'), text, name);
  }
});
