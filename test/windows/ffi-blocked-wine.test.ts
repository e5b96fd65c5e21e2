import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { ensureLab } from '../../lab/wine/lab.ts';

// To the program a file that a policy (WDAC, AppLocker) blocks is one that does not load, as a damaged one is.

it('a koffi.node that Windows does not load, or that is not there, is an error that names policies', async () => {
  const prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
  try {
    const program = await prefix.install('test/windows/private-folder-process.ts', 'private-folder-process');
    const koffi = join(prefix.driveC, 'everbind', 'koffi.node');
    const codes = async (): Promise<unknown> => {
      const { status, stdout, stderr } = await prefix.run([program, 'C:\\state']);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
    await rm(koffi);
    await writeFile(koffi, 'MZ, but no library');
    assert.deepEqual(await codes(), ['WIN_FFI_BLOCKED']);
    await rm(koffi);
    assert.deepEqual(await codes(), ['WIN_FFI_BLOCKED']);
  } finally {
    await prefix.remove();
  }
});
