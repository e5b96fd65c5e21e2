import assert from 'node:assert/strict';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { ensureLab } from '../../lab/wine/lab.ts';

// Wine keeps access lists as modes of files: what is shown is what we ask for, and what we make of what we are told.

it('a folder is made private, found private, and refused when others can enter it', async () => {
  const prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
  try {
    const program = await prefix.install('test/windows/private-folder-process.ts', 'private-folder-process');
    const ensure = async (...paths: readonly string[]): Promise<readonly (string | null)[]> => {
      const { status, stdout, stderr } = await prefix.run([program, ...paths]);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout) as (string | null)[];
    };
    const folder = join(prefix.driveC, 'above', 'state');
    assert.deepEqual(await ensure('C:\\above\\state', 'C:\\above\\state'), [null, null]);
    assert.equal((await stat(folder)).mode & 0o007, 0, 'for everybody else');
    await chmod(folder, 0o755);
    await writeFile(join(prefix.driveC, 'plain'), '');
    await mkdir(join(prefix.driveC, 'private'), { mode: 0o700 });
    assert.deepEqual(await ensure('C:\\above\\state', 'C:\\plain', 'C:\\private'), [
      'STORE_EXPOSED',
      'STORE_EXPOSED',
      null,
    ]);
  } finally {
    await prefix.remove();
  }
});
