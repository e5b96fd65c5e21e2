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
import { coded, httpTask, temporaryFolder, treeOf } from '../support.ts';

const ROOT = 'C:\\inetpub\\shop\\';

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

test('the challenge response, its web.config and its folders are made and removed; the tree ends as it began', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const before = await tree();
  const solver = solverOver(files);
  const task = httpTask();
  await solver.present(task);
  await solver.present(task);
  assert.equal(await readFile(join(folder, task.token), 'latin1'), task.keyAuthorization);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /folders=acme-challenge,\.well-known /);
  await solver.cleanUp(task);
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), before);
});

test('with the last of several challenge responses web.config and folders are removed', async (t) => {
  const { files, folder, tree } = await webroot(t);
  const before = await tree();
  const solver = solverOver(files);
  const [one, two, three] = [httpTask(), httpTask(), httpTask()];
  await Promise.all([solver.present(one), solver.present(two), solver.present(three)]);
  await Promise.all([solver.cleanUp(one), solver.cleanUp(three)]);
  assert.equal(await readFile(join(folder, two.token), 'latin1'), two.keyAuthorization);
  assert.match(await readFile(join(folder, 'web.config'), 'utf8'), /mimeMap/);
  await solver.cleanUp(two);
  assert.deepEqual(await tree(), before);
});

test('any order of adding and removing leaves the tree as it was, and live challenge responses in place', async (t) => {
  const { files, folder, tree } = await webroot(t);
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
    assert.deepEqual(await tree(), before);
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

test('what others put into our folders meanwhile stays, and so do the folders', async (t) => {
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
  const missing = solverOver(files, ['D:\\gone\\for\\good']);
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
  assert.deepEqual(await tree(), before);
});

type Change = 'write' | 'removeFile' | 'removeEmptyFolder';

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
    removeEmptyFolder: guard('removeEmptyFolder'),
    changes: () => count,
  };
}

test('after a kill at any change the task alone is enough to clean up', async (t) => {
  const { files, tree, root } = await webroot(t);
  const before = await tree();
  const emptyFolders = { ...before };
  for (const name of ['.well-known', join('.well-known', 'acme-challenge')]) {
    emptyFolders[join(root, name).slice(root.length - '/C/inetpub/shop'.length)] = 'folder';
  }
  for (let kill = 1; kill <= 8; kill += 1) {
    const killed = failingFrom(files, kill, () => new Error('killed'));
    const solver = solverOver(killed);
    const task = httpTask();
    await solver.present(task).catch(() => {});
    await solver.cleanUp(task).catch(() => {});
    const after = solverOver(files);
    await after.cleanUp(task);
    // Between making the folders and recording them, and between removing the record and the folders, a kill leaves
    // them behind, empty.
    const left = await tree();
    if (left[Object.keys(emptyFolders).find((path) => path.endsWith('.well-known')) ?? ''] === undefined) {
      assert.deepEqual(left, before, `kill ${kill}`);
    } else {
      assert.ok([2, 6, 7].includes(kill), `kill ${kill} leaves ${Object.keys(left).join(' ')}`);
      assert.ok(Object.entries(left).every(([path, kind]) => path in before || kind === 'folder'));
      await files.removeEmptyFolder(`${ROOT}.well-known\\acme-challenge`);
      await files.removeEmptyFolder(`${ROOT}.well-known`);
    }
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
  assert.deepEqual(await tree(), before);
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
  assert.deepEqual(await tree(), before);
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

test('when Windows refuses a file, present fails with a code and leaves nothing behind', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  for (const refusedWrite of [1, 2, 3]) {
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
    assert.deepEqual(await tree(), before, `write ${refusedWrite}`);
  }
});

test('when Windows refuses to remove, cleanUp fails with a code and can be repeated', async (t) => {
  const { files, tree } = await webroot(t);
  const before = await tree();
  for (const call of ['removeFile', 'removeEmptyFolder'] as const) {
    let failures = 1;
    const refusing: SiteFiles = {
      ...files,
      [call]: async (path: string) => {
        failures -= 1;
        if (failures >= 0) throw new WindowsError(call, 32, { path });
        return files[call](path);
      },
    };
    const solver = solverOver(refusing);
    const task = httpTask();
    await solver.present(task);
    await assert.rejects(solver.cleanUp(task), coded('CHALLENGE_CLEANUP_FAILED', 'file-refused'), call);
    await solver.cleanUp(task);
    assert.deepEqual(await tree(), before, call);
  }
});
