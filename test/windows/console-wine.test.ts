import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ensureLab } from '../../lab/wine/lab.ts';

it('what appcmd writes is read as UTF-8 where it is that, otherwise from the code page of the console', async () => {
  const prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
  try {
    const program = await prefix.install('test/windows/console-process.ts', 'console-process');
    const utf8 = Buffer.from('žluť 漢').toString('hex');
    const { status, stdout, stderr } = await prefix.run([program, utf8, '82', 'c3', '']);
    assert.equal(status, 0, stderr);
    const { codePage, texts } = JSON.parse(stdout) as { readonly codePage: number; readonly texts: readonly string[] };
    assert.equal(codePage, 437);
    assert.deepEqual(texts, ['žluť 漢', 'é', '├', '']);
  } finally {
    await prefix.remove();
  }
});
