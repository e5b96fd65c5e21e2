import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { inconsistencies } from '../../../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../../../lab/first-run/reader/schema.ts';
import { ensureLab } from '../../../lab/wine/lab.ts';
import { configurationOf } from '../sim-windows/support.ts';

// The native calls of the first run in node.exe under Wine, with the doubles of ncrypt.dll and of http.sys's
// configuration: that they can be made, and that their statuses arrive. What Windows returns, nobody knows yet.

it('the first run makes its native calls under Wine, and says that it was Wine', async (t) => {
  const lab = await ensureLab();
  const prefix = await lab.newPrefix({
    applicationHostConfig: configurationOf({ name: 'Default Web Site', bindings: [['http', '*:80:']] }),
  });
  t.after(() => prefix.remove());
  const entry = await prefix.install('lab/first-run/main.ts', 'first-run');
  const only = [1, 2, 3, 6, 8, 10, 11, 12, 13];
  const { status, stdout, stderr } = await prefix.run([
    entry,
    '--out',
    'C:\\first-run.json',
    '--json',
    '--only',
    only.join(','),
  ]);
  assert.equal(stderr, '');
  assert.equal(status, 0, stdout);
  const read = readResultFile(await readFile(join(prefix.driveC, 'first-run.json')));
  assert.ok(read.ok, JSON.stringify(read));
  const { file } = read;
  assert.deepEqual(inconsistencies(file), []);
  assert.equal(file.host, 'wine');
  assert.equal(file.koffi?.loaded, true);
  assert.equal(file.ranAs?.elevated, true);
  assert.equal(file.machine?.arch, 'x64');
  const answers = new Map(file.questions.map(({ id, verdict, observed }) => [id, { verdict, observed }]));
  for (const id of only)
    assert.doesNotMatch(answers.get(id)?.observed ?? '', /^(?:ended early|needs )/, `question ${id}`);
  for (const id of [1, 2, 3, 6, 8, 12]) assert.equal(answers.get(id)?.verdict, 'yes', answers.get(id)?.observed ?? '');
  const calls = file.questions.flatMap(({ raw }) => raw.calls);
  const statusesOf = (name: string): readonly (number | null)[] =>
    calls.filter((call) => call.name === name).map((call) => call.status);
  assert.deepEqual(statusesOf('GetTickCount64 on another thread'), [0]);
  assert.equal(calls.filter(({ name }) => name.startsWith('CertControlStore')).length, 6);
  // What nobody may do with a key that cannot be exported.
  assert.ok(statusesOf('NCryptExportKey RSAFULLPRIVATEBLOB').every((each) => each !== 0));
  assert.ok(statusesOf('NCryptSignHash pss').length > 0);
  assert.deepEqual(
    file.httpSys?.ids?.map(({ id }) => id),
    Array.from({ length: 13 }, (_, id) => id),
  );
});
