import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { outAll } from '../../src/cli/output/text.ts';
import { processIo } from '../../src/cli/process-io.ts';
import { openState } from '../../src/agent/state.ts';
import { systemClock } from '../../src/net/system.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { listCertificates } from '../../src/overview/list-certificates.ts';
import { applyText, withFolder, withState } from '../renewal/support/obtain-state.ts';
import { type Run, runIn } from './world.ts';

/** Several pages of them. */
const COUNT = 450;
const names = Array.from({ length: COUNT }, (_, index) => `c${index}`);
const configuration = (list: readonly string[]): string =>
  `version: 1\nissuers: [{ name: ca, directory: "https://ca.test/dir", termsOfServiceAgreed: true }]\ndefaults: { deployments: [] }\ncertificates:\n${list
    .map((name) => `  - { name: ${name}, names: [${name}.list.test] }\n`)
    .join('')}`;

test('everbind list has every certificate once and by name, as text and as JSON, those that fail below', () =>
  withFolder(async (folder) => {
    const state = await openState(folder, { clock: systemClock });
    await applyText(state, systemClock, configuration(names));
    const fail = `UPDATE certificate SET failures = 2, last_error = '{"code":"ACME_TIMEOUT"}' WHERE name IN ('c7', 'c449')`;
    await state.store.commit(({ db }) => db.exec(fail));
    await state.close();
    let writes = 0;
    const run = (...args: readonly string[]): Promise<Run> =>
      runIn({ stateDir: folder, openHost: () => Promise.reject(new Error('not needed')) }, args, {
        onOut: () => {
          writes += 1;
        },
      });
    const json = await run('list', '--json');
    assert.ok(writes > 1, 'not all at once');
    const { certificates, ...rest } = JSON.parse(json.out) as { certificates: { name: string }[] };
    assert.deepEqual(
      certificates.map(({ name }) => name),
      names.toSorted(),
    );
    assert.deepEqual(Object.keys(rest), ['configChanged', 'damaged']);
    const { out } = await run('list');
    const lines = out.trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(1, COUNT + 1).map((line) => line.split(' ')[0]),
      names.toSorted(),
    );
    assert.deepEqual(lines.slice(COUNT + 1), [
      '',
      'c449: ACME_TIMEOUT; see everbind show c449',
      'c7: ACME_TIMEOUT; see everbind show c7',
    ]);
  }));

test('a renewal that has begun is under way while an Everbind is at work, and interrupted when none is', () =>
  withFolder(async (folder) => {
    const state = await openState(folder, { clock: systemClock });
    await applyText(state, systemClock, configuration(['shop']));
    const begun = `INSERT INTO renewal (id, certificate_id, kind, step, issuer, identifiers, algorithm, key_handle, started_at)
       SELECT 'r', id, 'renewal', 'started', 'ca', '[]', 'ec-p256', 'software:r', 1 FROM certificate`;
    await state.store.commit(({ db }) => db.exec(begun));
    const run = async (...args: readonly string[]): Promise<string> =>
      (await runIn({ stateDir: folder, openHost: () => Promise.reject(new Error('not needed')) }, args)).out;
    const lease = await acquireLease(state.store, systemClock);
    assert.match(await run('list'), / under way$/m);
    assert.match(await run('show', 'shop'), /^begun .*started/m);
    assert.match(await run('status'), /, under way 1,/);
    await lease.release();
    assert.match(await run('list'), / interrupted$/m);
    assert.match(await run('show', 'shop'), /^interrupted .*started/m);
    assert.match(await run('status'), /, interrupted 1,/);
    await state.close();
  }));

test('what no handshake has shown is not called ok, by list, show or status', () =>
  withFolder(async (folder) => {
    const state = await openState(folder, { clock: systemClock });
    await applyText(state, systemClock, configuration(['seen', 'stopped', 'unseen']));
    const set = (name: string, verified: string): string =>
      `UPDATE certificate SET next_due = 4000000000000, endpoints = 2, verified = ${verified} WHERE name = '${name}';`;
    const sql = set('seen', '2') + set('stopped', 'NULL') + set('unseen', '0');
    await state.store.commit(({ db }) => db.exec(sql));
    await state.close();
    const run = async (...args: readonly string[]): Promise<string> =>
      (await runIn({ stateDir: folder, openHost: () => Promise.reject(new Error('not needed')) }, args)).out;
    const list = await run('list');
    assert.match(list, /^seen .* ok$/m);
    assert.match(list, /^stopped .* not checked$/m);
    assert.match(list, /^unseen .* unverified$/m);
    assert.match(list, /\n\nunseen: no handshake has shown it; see everbind show unseen\n$/);
    assert.doesNotMatch(await run('show', 'seen'), /handshake/);
    assert.match(await run('show', 'stopped'), /^not checked {2}no handshake could be made where it is deployed/m);
    assert.match(await run('show', 'unseen'), /^unverified {3}no handshake has shown it/m);
    const status = await run('status');
    assert.match(status, /^attention /);
    assert.match(status, /^unverified +unseen: no handshake has shown it/m);
    assert.doesNotMatch(status, /stopped/);
  }));

test('whoever reads the list slowly keeps nobody from writing, and sees each certificate once', () =>
  withState(systemClock, async (state) => {
    const { store } = state;
    await applyText(state, systemClock, configuration(names));
    const seen: string[] = [];
    for (const { name } of listCertificates(store)) {
      seen.push(name);
      if (seen.length !== 10) continue;
      // One goes that was not reached yet, one comes before the place reached so far.
      await applyText(state, systemClock, configuration(['a', ...names.filter((other) => other !== 'c99')]));
      await store.commit(({ db }) => db.exec('UPDATE certificate SET failures = 1'));
    }
    assert.deepEqual(seen, names.filter((name) => name !== 'c99').toSorted());
  }));

test('a long output is written no faster than it is read', async () => {
  const stdout = Object.assign(new PassThrough({ highWaterMark: 1000 }), { isTTY: false });
  const io = processIo({ stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} } as never);
  const written = outAll(
    io,
    Array.from({ length: 100 }, () => 'x'.repeat(10_000)),
  );
  await new Promise(setImmediate);
  assert.ok(stdout.readableLength + stdout.writableLength < 100_000, 'it waits');
  let read = 0;
  for await (const chunk of stdout) {
    read += (chunk as Buffer).length;
    if (read === 1_000_000) break;
  }
  await written;
  assert.equal(read, 1_000_000);
});

test('a reader that goes away ends no work', async () => {
  const stdout = Object.assign(new PassThrough({ highWaterMark: 10 }), { isTTY: false });
  const io = processIo({ stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} } as never);
  const written = outAll(
    io,
    Array.from({ length: 10 }, () => 'x'.repeat(40_000)),
  );
  stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await written;
});
