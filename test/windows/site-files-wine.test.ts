import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createWebrootFolders } from '../../src/challenge/http-01/webroot-folder.ts';
import { renderWebConfig } from '../../src/challenge/http-01/web-config.ts';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';

// Whoever may write to the web root of a site must not have us write or delete anywhere else. Wine shows symbolic links
// as what junctions are.

const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
const ANSWER = `${TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`;

describe('files of sites under Wine', () => {
  let prefix: WinePrefix;
  let wine: WineHost;
  before(async () => {
    prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
    wine = await startWineHost(prefix);
  });
  after(async () => {
    await wine.close();
    await prefix.remove();
  });

  for (const [what, link] of [
    ['the folder of the answers', ['.well-known', 'acme-challenge']],
    ['the folder above', ['.well-known']],
  ] as const) {
    it(`a link in place of ${what} leads nowhere`, async () => {
      const root = join(prefix.driveC, 'site');
      const victim = join(prefix.driveC, 'victim');
      await mkdir(join(root, ...link.slice(0, -1)), { recursive: true });
      await mkdir(victim);
      await symlink(link.length === 1 ? '../victim' : '../../victim', join(root, ...link));
      const folders = createWebrootFolders(wine.host.files);
      try {
        await assert.rejects(folders.put('C:\\site', TOKEN, ANSWER), { status: 5 });
        assert.deepEqual(await readdir(victim), [], 'nothing was made there');
        const inside = link.length === 1 ? join(victim, 'acme-challenge') : victim;
        await mkdir(inside, { recursive: true });
        await writeFile(join(inside, 'web.config'), renderWebConfig('plain'));
        await writeFile(join(inside, TOKEN), ANSWER);
        await assert.rejects(folders.remove('C:\\site', TOKEN, ANSWER), { status: 5 });
        assert.deepEqual((await readdir(inside)).toSorted(), [TOKEN, 'web.config'].toSorted(), 'nothing was removed');
      } finally {
        await rm(root, { recursive: true });
        await rm(victim, { recursive: true });
      }
    });
  }

  it('a file that is a link is no file of ours', async () => {
    const folder = join(prefix.driveC, 'site', '.well-known', 'acme-challenge');
    await mkdir(folder, { recursive: true });
    await writeFile(join(prefix.driveC, 'hosts'), 'precious');
    await symlink('../../../hosts', join(folder, 'web.config'));
    await assert.rejects(createWebrootFolders(wine.host.files).put('C:\\site', TOKEN, ANSWER), { status: 5 });
    assert.equal(await readFile(join(prefix.driveC, 'hosts'), 'utf8'), 'precious');
    await rm(join(prefix.driveC, 'site'), { recursive: true });
  });

  it('a root that is not there is not made', async () => {
    const before = await readdir(prefix.driveC);
    const put = createWebrootFolders(wine.host.files).put('C:\\sites\\gone', TOKEN, ANSWER);
    assert.equal(await put, 'root-missing');
    assert.deepEqual(await readdir(prefix.driveC), before);
  });

  it('the root itself may be a link', async () => {
    await mkdir(join(prefix.driveC, 'release-7'));
    await symlink('release-7', join(prefix.driveC, 'current'));
    const folders = createWebrootFolders(wine.host.files);
    assert.equal(await folders.put('C:\\current', TOKEN, ANSWER), 'written');
    const file = join(prefix.driveC, 'release-7', '.well-known', 'acme-challenge', TOKEN);
    assert.equal(await readFile(file, 'latin1'), ANSWER);
    await folders.remove('C:\\current', TOKEN, ANSWER);
    const left = await readdir(join(prefix.driveC, 'release-7'), { recursive: true });
    assert.deepEqual(left.toSorted(), ['.well-known', join('.well-known', 'acme-challenge')]);
  });
});
