import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { makeFolder } from '../../src/store/folders.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-make-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('makes what is missing, private, and says whose names are to be synced', async () => {
  const [a, b, c] = [join(folder, 'a'), join(folder, 'a', 'b'), join(folder, 'a', 'b', 'c')];
  assert.deepEqual(makeFolder(c), [folder, a, b]);
  for (const made of [a, b, c]) assert.equal((await stat(made)).mode & 0o777, 0o700);
  assert.deepEqual(makeFolder(c), []);
});

test('leaves a folder that is there as it is', async () => {
  const open = join(folder, 'open');
  await mkdir(open);
  const { mode } = await stat(open);
  makeFolder(open);
  assert.equal((await stat(open)).mode, mode);
});

test('ends where no folder can be made', { skip: process.platform !== 'linux' }, async () => {
  assert.throws(() => makeFolder('/proc/everbind/state/below'), { code: 'ENOENT' });
  const file = join(folder, 'file');
  await writeFile(file, '');
  assert.throws(() => makeFolder(file), { code: 'EEXIST' });
  assert.throws(() => makeFolder(join(file, 'below')), { code: 'ENOTDIR' });
});
