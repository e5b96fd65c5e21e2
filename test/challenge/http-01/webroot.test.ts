import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createWebrootSolver } from '../../../src/challenge/http-01/webroot.ts';
import { createWebrootFolders } from '../../../src/challenge/http-01/webroot-folder.ts';
import { WindowsError } from '../../../src/errors/error.ts';
import type { Solver } from '../../../src/ports/solver.ts';
import type { SiteFiles } from '../../../src/ports/windows-host.ts';
import { createSiteFiles } from '../../../lab/sim-windows/site-files.ts';
import { coded, httpTask, temporaryFolder, treeOf, withChallengeFolders } from '../support.ts';

const ROOT = 'C:\\inetpub\\shop\\';
const SHOP = '/C/inetpub/shop';

async function webroot(t: Parameters<typeof temporaryFolder>[0]) {
  const disk = await temporaryFolder(t);
  const root = join(disk, 'C', 'inetpub', 'shop');
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'index.htm'), 'hello');
  const files = createSiteFiles(disk);
  return { root, files, folder: join(root, '.well-known', 'acme-challenge'), tree: () => treeOf(disk) };
}

function solverOver(files: SiteFiles, roots: readonly string[] = [ROOT]): Solver {
  return createWebrootSolver({
    folders: createWebrootFolders(files),
    rootsFor: async () => roots,
    selfCheck: async () => 'seen',
  });
}

test('the challenge response and its web.config are written and removed; their folders stay, empty', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const before = await tree();
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  await solver.present(task);
  assert.equal(await readFile(join(folder, task.token), 'latin1'), task.keyAuthorization);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /form=plain /);
  await solver.cleanUp(task);
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), withChallengeFolders(before, SHOP));
});

test('with the last of several challenge responses web.config is removed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const before = await tree();
  const solver = solverOver(files);
  const [one, two, three] = [httpTask(), httpTask(), httpTask()];
  await Promise.all([solver.present(one), solver.present(two), solver.present(three)]);
  await Promise.all([solver.cleanUp(one), solver.cleanUp(three)]);
  assert.equal(await readFile(join(folder, two.token), 'latin1'), two.keyAuthorization);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /mimeMap/);
  await solver.cleanUp(two);
  assert.deepEqual(await tree(), withChallengeFolders(before, SHOP));
});

test('any order of adding and removing leaves nothing but the empty folders, and live challenge responses in place', async (t) => {
  const { files, folder, tree } = await webroot(t);
  // Made before, since a run of no steps makes none.
  await mkdir(folder, { recursive: true });
  const before = await tree();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { maxLength: 24 }), async (steps) => {
      const solver = solverOver(files);
      const tasks = Array.from({ length: 6 }, () => httpTask());
      const live = new Set<number>();
      await Promise.all(
        steps.map((index) => {
          const task = tasks[index];
          assert.ok(task !== undefined);
          return live.delete(index) ? solver.cleanUp(task) : (live.add(index), solver.present(task));
        }),
      );
      for (const index of live) {
        const task = tasks[index];
        assert.ok(task !== undefined);
        assert.equal(await readFile(join(folder, task.token), 'latin1'), task.keyAuthorization);
        assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /mimeMap/);
      }
      await Promise.all([...live].map((index) => solver.cleanUp(tasks[index] ?? httpTask())));
      assert.deepEqual(await tree(), before);
    }),
    { numRuns: 30 },
  );
});

test('folders that were there stay, empty or not', async (t) => {
  const { files, folder, tree } = await webroot(t);
  for (const existing of [join(folder, '..'), folder]) {
    await mkdir(existing, { recursive: true });
    const before = await tree();
    const solver = solverOver(files);
    const task = httpTask();
    await solver.present(task);
    await solver.cleanUp(task);
    assert.deepEqual(await tree(), withChallengeFolders(before, SHOP));
  }
});

test('in an existing folder a challenge response keeps its web.config while another one is removed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  await mkdir(folder, { recursive: true });
  const before = await tree();
  const solver = solverOver(files);
  const [one, two] = [httpTask(), httpTask()];
  await solver.present(one);
  await solver.present(two);
  await solver.cleanUp(one);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /mimeMap/);
  await solver.cleanUp(two);
  assert.deepEqual(await tree(), before);
});

test('what others put into our folders meanwhile stays', async (t) => {
  const { files, folder, root } = await webroot(t);
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  await writeFile(join(folder, 'theirs'), 'x');
  await writeFile(join(root, '.well-known', 'security.txt'), 'x');
  await solver.cleanUp(task);
  assert.equal(await readFile(join(folder, 'theirs'), 'utf8'), 'x');
  await assert.rejects(readFile(join(folder, task.token)), { code: 'ENOENT' });
});

test('a foreign web.config is used as it is and not changed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'web.config'), '<configuration><!-- theirs --></configuration>');
  const before = await tree();
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /theirs/);
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), before);
});

test('a web.config too large to be ours is not changed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'web.config'), Buffer.alloc(100_000, 32));
  const before = await tree();
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), before);
});

test('one of ours that was edited meanwhile is not changed', async (t) => {
  const { files, folder } = await webroot(t);
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  const edited = (await readFile(join(folder, 'web.config'), 'utf8')).replace('text/plain', 'text/json');
  await writeFile(join(folder, 'web.config'), edited);
  await solver.cleanUp(task);
  assert.equal(await readFile(join(folder, 'web.config'), 'utf8'), edited);
});

test('a file of somebody else with the name of the token is never touched', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const task = httpTask();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, task.token), 'theirs');
  const before = await tree();
  const solver = solverOver(files);
  await assert.rejects(solver.present(task), coded('CHALLENGE_PRESENT_FAILED', 'file-exists'));
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), before);
});

test('a token that is no base64url never becomes a path', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  const solver = solverOver(files);
  for (const token of ['..\\..\\evil-file-name-that-is-long', 'NUL', '../../../../../../../../tmp/x']) {
    const task = { ...httpTask(), token };
    await assert.rejects(solver.present(task), coded('CHALLENGE_TOKEN_INVALID'));
    await assert.rejects(solver.cleanUp(task), coded('CHALLENGE_TOKEN_INVALID'));
  }
  assert.deepEqual(await tree(), before);
});

test('a site without a root, or whose root does not exist, is a clear error and nothing is made', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  await assert.rejects(solverOver(files, []).present(httpTask()), coded('CHALLENGE_PRESENT_FAILED', 'no-site'));
  const missing = solverOver({ ...files, write: async () => assert.fail('made') }, ['C:\\inetpub\\shop\\gone']);
  await assert.rejects(missing.present(httpTask()), coded('CHALLENGE_PRESENT_FAILED', 'root-missing'));
  assert.deepEqual(await tree(), before);
});

test('sites that share a host on different addresses all get the challenge response', async (t) => {
  const { files, root, tree } = await webroot(t);
  await mkdir(join(root, '..', 'other'));
  const before = await tree();
  const solver = solverOver(files, [ROOT, 'C:\\inetpub\\other', ROOT]);
  const task = httpTask();
  await solver.present(task);
  for (const site of ['shop', 'other']) {
    const file = join(root, '..', site, '.well-known', 'acme-challenge', task.token);
    assert.equal(await readFile(file, 'latin1'), task.keyAuthorization);
  }
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), withChallengeFolders(before, SHOP, '/C/inetpub/other'));
});

type Change = 'write' | 'removeFile';

/** Changes number `from` and later do not happen any more: `how` throws for them. */
function failingFrom(files: SiteFiles, from: number, how: () => Error): SiteFiles & { readonly changes: () => number } {
  let count = 0;
  const guard = <K extends Change>(name: K): SiteFiles[K] =>
    (async (...args: Parameters<SiteFiles[K]>) => {
      count += 1;
      if (count >= from) throw how();
      return (files[name] as (...all: unknown[]) => unknown)(...args);
    }) as unknown as SiteFiles[K];
  return {
    read: files.read,
    write: guard('write'),
    removeFile: guard('removeFile'),
    removeEmptyFolder: async () => assert.fail('no folder is removed'),
    changes: () => count,
  };
}

test('after a kill at any change the task alone is enough to clean up', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  // A present and a clean-up are four changes: two files are written, and two are removed.
  for (let kill = 1; kill <= 5; kill += 1) {
    const killed = failingFrom(files, kill, () => new Error('killed'));
    const solver = solverOver(killed);
    const task = httpTask();
    await solver.present(task).catch(() => {});
    await solver.cleanUp(task).catch(() => {});
    assert.equal(killed.changes() >= kill, kill <= 4, `kill ${kill}`);
    await solverOver(files).cleanUp(task);
    assert.deepEqual(await tree(), kill === 1 ? before : withChallengeFolders(before, SHOP), `kill ${kill}`);
  }
});

test('after a kill with two challenge responses each is cleaned up alone, in either order', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  const killed = solverOver(files);
  const [one, two] = [httpTask(), httpTask()];
  await killed.present(one);
  await killed.present(two);
  await solverOver(files).cleanUp(two);
  await solverOver(files).cleanUp(one);
  assert.deepEqual(await tree(), withChallengeFolders(before, SHOP));
});

test('after a kill in the middle of a write the challenge response is written again and removed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const before = await tree();
  const task = httpTask();
  const solver = solverOver(files);
  await solver.present(task);
  await writeFile(join(folder, task.token), task.keyAuthorization.slice(0, 10));
  await solverOver(files).present(task);
  assert.equal(await readFile(join(folder, task.token), 'latin1'), task.keyAuthorization);
  await writeFile(join(folder, task.token), '');
  await solverOver(files).cleanUp(task);
  assert.deepEqual(await tree(), withChallengeFolders(before, SHOP));
});

test('after a kill in the middle of writing web.config it is written again and removed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  await mkdir(folder, { recursive: true });
  const before = await tree();
  const task = httpTask();
  await solverOver(files).present(task);
  const whole = await readFile(join(folder, 'web.config'));
  await writeFile(join(folder, 'web.config'), whole.subarray(0, 300));
  await solverOver(files).present(task);
  assert.deepEqual(await readFile(join(folder, 'web.config')), whole);
  await writeFile(join(folder, 'web.config'), whole.subarray(0, 300));
  await solverOver(files).cleanUp(task);
  assert.deepEqual(await tree(), before);
});

test('when Windows refuses a file, present fails with a code and leaves empty folders at most', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  for (const refusedWrite of [1, 2]) {
    let writes = 0;
    const refusing: SiteFiles = {
      ...files,
      write: async (path, octets, root) => {
        writes += 1;
        if (writes === refusedWrite) throw new WindowsError('CreateFile', 5, { path });
        return files.write(path, octets, root);
      },
    };
    await assert.rejects(solverOver(refusing).present(httpTask()), (error) => {
      assert.ok(coded('CHALLENGE_PRESENT_FAILED', 'file-refused')(error));
      assert.equal((error as { details: Record<string, unknown> }).details['status'], 5);
      return true;
    });
    const left = refusedWrite === 1 ? before : withChallengeFolders(before, SHOP);
    assert.deepEqual(await tree(), left, `write ${refusedWrite}`);
  }
});

test('when Windows refuses to remove, cleanUp fails with a code and can be repeated', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  for (const refused of [1, 2]) {
    let removals = 0;
    const refusing: SiteFiles = {
      ...files,
      removeFile: async (path: string) => {
        removals += 1;
        if (removals === refused) throw new WindowsError('DeleteFile', 32, { path });
        return files.removeFile(path);
      },
    };
    const solver = solverOver(refusing);
    const task = httpTask();
    await solver.present(task);
    await assert.rejects(solver.cleanUp(task), coded('CHALLENGE_CLEANUP_FAILED', 'file-refused'), `removal ${refused}`);
    await solver.cleanUp(task);
    assert.deepEqual(await tree(), withChallengeFolders(before, SHOP), `removal ${refused}`);
  }
});
