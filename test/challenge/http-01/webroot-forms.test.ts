import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createWebrootSolver } from '../../../src/challenge/http-01/webroot.ts';
import { createSelfCheck } from '../../../src/challenge/http-01/self-check.ts';
import { readWebConfig, type WebConfigForm } from '../../../src/challenge/http-01/web-config.ts';
import { createWebrootFolders } from '../../../src/challenge/http-01/webroot-folder.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { createSiteFiles } from '../../../lab/sim-windows/site-files.ts';
import { coded, httpTask, temporaryFolder, treeOf, withChallengeFolders } from '../support.ts';

const clock: Clock = { now: () => 0, sleep: async () => {} };

/**
 * A server that serves the challenge responses of a site as far as `works` lets the form of web.config that it finds.
 */
async function siteThat(t: TestContext, answerTo: (form: WebConfigForm, token: string) => number) {
  const disk = await temporaryFolder(t);
  const folder = join(disk, 'C', 'site', '.well-known', 'acme-challenge');
  await mkdir(join(disk, 'C', 'site'), { recursive: true });
  const formOnDisk = async (): Promise<WebConfigForm> => {
    const found = readWebConfig(await readFile(join(folder, 'web.config')));
    assert.equal(found.kind, 'ours');
    return found.kind === 'ours' ? found.form : 'plain';
  };
  const asked: WebConfigForm[] = [];
  const server = createServer((request, response) => {
    const token = request.url?.split('/').pop() ?? '';
    const serve = async (): Promise<void> => {
      const form = await formOnDisk();
      asked.push(form);
      const status = answerTo(form, token);
      response.writeHead(status, status === 301 ? { location: '/login' } : {});
      response.end(status === 200 ? await readFile(join(folder, token)) : '');
    };
    serve().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const solver = createWebrootSolver({
    folders: createWebrootFolders(createSiteFiles(disk)),
    rootsFor: async () => ['C:\\site'],
    selfCheck: createSelfCheck({ resolve: async () => [{ address: '127.0.0.1', port }], clock }),
  });
  return { solver, formOnDisk, asked, tree: () => treeOf(disk) };
}

const servers: readonly (readonly [what: string, answerTo: (form: WebConfigForm) => number, settles: WebConfigForm])[] =
  [
    ['as delivered', () => 200, 'plain'],
    ['as delivered, handlers locked', (form) => (form.includes('handlers') ? 500 : 200), 'plain'],
    ['ASP.NET takes files without extension', (form) => (form.includes('handlers') ? 200 : 404), 'handlers'],
    [
      'a redirect by the site, handlers locked, no URL Rewrite',
      (form) => (form === 'rewrite' ? 200 : form === 'plain' ? 301 : 500),
      'rewrite',
    ],
    ['handlers and rewrite rules in the way', (form) => (form === 'handlers-rewrite' ? 200 : 404), 'handlers-rewrite'],
  ];

for (const [what, answerTo, settles] of servers) {
  test(`${what}: served with ${settles}`, async (t) => {
    const { solver, formOnDisk, tree } = await siteThat(t, answerTo);
    const before = await tree();
    const task = httpTask();
    await solver.present(task);
    await solver.wait(task);
    assert.equal(await formOnDisk(), settles);
    await solver.cleanUp(task);
    assert.deepEqual(await tree(), withChallengeFolders(before, '/C/site'));
  });
}

test('when no form helps the first failure is told', async (t) => {
  const { solver, asked, tree } = await siteThat(t, (form) => (form === 'plain' ? 403 : 500));
  const before = await tree();
  const task = httpTask();
  await solver.present(task);
  await assert.rejects(solver.wait(task), (error) => {
    assert.ok(coded('CHALLENGE_SELF_CHECK_FAILED', 'http-status')(error));
    assert.match((error as Error).message, /\(403\)/);
    return true;
  });
  assert.deepEqual([...new Set(asked)], ['plain', 'handlers', 'rewrite', 'handlers-rewrite']);
  await solver.cleanUp(task);
  assert.deepEqual(await tree(), withChallengeFolders(before, '/C/site'));
});

test('a challenge response that is already served is not put at risk for another one', async (t) => {
  const good = httpTask();
  const { solver, formOnDisk, asked } = await siteThat(t, (_form, token) => (token === good.token ? 200 : 404));
  const bad = httpTask();
  await solver.present(good);
  await solver.present(bad);
  await solver.wait(good);
  await assert.rejects(solver.wait(bad), coded('CHALLENGE_SELF_CHECK_FAILED', 'not-found'));
  assert.equal(await formOnDisk(), 'plain');
  assert.ok(asked.every((form) => form === 'plain'));
  await solver.cleanUp(good);
  await solver.cleanUp(bad);
});

test('many challenge responses below one root find the form together', async (t) => {
  const { solver, formOnDisk, tree } = await siteThat(t, (form) => (form === 'rewrite' ? 200 : 404));
  const before = await tree();
  const tasks = Array.from({ length: 8 }, () => httpTask());
  await Promise.all(tasks.map((task) => solver.present(task)));
  await Promise.all(tasks.map((task) => solver.wait(task)));
  assert.equal(await formOnDisk(), 'rewrite');
  await Promise.all(tasks.map((task) => solver.cleanUp(task)));
  assert.deepEqual(await tree(), withChallengeFolders(before, '/C/site'));
});
