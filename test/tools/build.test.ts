import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { buildProgram } from '../../tools/build.ts';

const run = promisify(execFile);

describe('the bundle', () => {
  let folder: string;
  let program: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everbind-build-'));
    program = await buildProgram(join(folder, 'dist'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('says what the program says that it is made from', async () => {
    for (const args of [['--help'], ['renew', '--help'], ['--version']]) {
      const bundled = await run(process.execPath, [program, ...args]);
      const source = await run(process.execPath, ['src/cli/main.ts', ...args]);
      assert.equal(bundled.stdout, source.stdout);
    }
  });

  it('has only modules that can be loaded, and none that imports a whole module of Node', async () => {
    const chunks = join(folder, 'dist', 'chunks');
    const names = (await readdir(chunks)).filter((name) => name.endsWith('.mjs'));
    assert.ok(names.length > 20);
    const texts = new Map<string, string>();
    for (const name of names) texts.set(name, await readFile(join(chunks, name), 'utf8'));
    for (const [name, text] of texts) assert.doesNotMatch(text, /from\s*"node:/, name);
    // The binary of koffi stands beside the Windows build alone.
    const native = [...texts].filter(([, text]) => text.includes('koffi.node')).map(([name]) => name);
    const portable = [...texts]
      .filter(([name, text]) => !native.some((other) => name === other || text.includes(other)))
      .map(([name]) => join(chunks, name));
    const script = `for (const path of ${JSON.stringify(portable)}) await import(path);`;
    await run(process.execPath, ['--input-type=module', '--eval', script]);
  });
});
