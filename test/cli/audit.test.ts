import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { openState } from '../../src/agent/state.ts';
import { systemClock } from '../../src/net/system.ts';
import { type Run, runIn } from './world.ts';

// The commands that an auditor types, on a log of four events in three commits.

let folder: string;
let stateDir: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-cli-audit-'));
  stateDir = join(folder, 'state');
  const state = await openState(stateDir, { clock: systemClock });
  const log = (type: string, subject: string, data: string) =>
    state.store.commit(({ audit }) => audit({ type, subject, data: { note: data } }));
  await log('order.created', 'shop', '\u001b[31mred\u001b[0m');
  await Promise.all([log('order.ready', 'shop', 'x'.repeat(300)), log('orderly.things', 'blog', '')]);
  await log('key.made', 'blog', '');
  await state.close();
});
after(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], dir = stateDir): Promise<Run> {
  return runIn({ stateDir: dir, openHost: () => Promise.reject(new Error('not reached')) }, ['audit', ...args]);
}

async function json(...args: readonly string[]): Promise<{ readonly status: number; readonly value: Answer }> {
  const { status, out, err } = await run([...args, '--json']);
  assert.equal(err, '');
  return { status, value: JSON.parse(out) as Answer };
}

interface Answer {
  readonly [key: string]: Answer;
}

/** A copy of the state folder whose database was changed behind Everbind's back. */
async function tampered(name: string, ...statements: readonly string[]): Promise<string> {
  const copy = join(folder, name);
  await mkdir(copy, { mode: 0o700 });
  for (const file of await readdir(stateDir)) await copyFile(join(stateDir, file), join(copy, file));
  const db = new DatabaseSync(join(copy, 'everbind.db'), { defensive: false });
  for (const { name: trigger } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    db.exec(`DROP TRIGGER ${String(trigger)}`);
  }
  for (const statement of statements) db.exec(statement);
  db.close();
  return copy;
}

describe('audit log', () => {
  const numbers = async (...args: readonly string[]): Promise<unknown> => {
    const { status, value } = await json('log', ...args);
    assert.equal(status, 0);
    return (value['events'] as unknown as readonly { readonly seq: number }[]).map(({ seq }) => seq);
  };

  it('shows the last so many that match, oldest first', async () => {
    assert.deepEqual(await numbers(), [0, 1, 2, 3]);
    assert.deepEqual(await numbers('--limit', '2'), [2, 3]);
    assert.deepEqual(await numbers('--type', 'order'), [0, 1]);
    assert.deepEqual(await numbers('--type', 'order.', '--subject', 'shop', '--limit', '1'), [1]);
    assert.deepEqual(await numbers('--subject', 'nobody', '--all'), []);
    assert.deepEqual(await numbers('--since', '2020-02-29'), [0, 1, 2, 3]);
    assert.deepEqual(await numbers('--since', '2999-01-01T08:30Z'), []);
  });

  it('fits the terminal and does not let an event write to it', async () => {
    const { status, out } = await run(['log']);
    assert.equal(status, 0);
    assert.ok(!out.includes('\u001b'));
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(out, /^ *NO +TIME \(UTC\) +SUBJECT +TYPE +DATA$/m);
    assert.match((await run(['log', '--subject', 'nobody'])).out, /No such events/);
  });

  it('refuses what is no date or number', async () => {
    const refused = ['2026-02-30', '2026-13-01', '2026-1-1', 'yesterday', '2026-01-01T25:00Z', '2026-01-01T10:00', ''];
    for (const date of refused) assert.equal((await run(['log', '--since', date])).status, 2, date);
    for (const limit of ['-1', '1.5', 'many', '']) assert.equal((await run(['log', '--limit', limit])).status, 2);
  });

  it('is told apart from a folder without one', async () => {
    for (const args of [['log'], ['verify'], ['prove', '0'], ['checkpoint']]) {
      const { status, err } = await run(args, join(folder, 'nowhere'));
      assert.equal(status, 2);
      assert.match(err, /STORE_NOT_FOUND/);
    }
  });
});

describe('audit verify', () => {
  it('says that a whole log is whole, and which checkpoints it continues', async () => {
    const { status, value } = await json('verify');
    assert.equal(status, 0);
    assert.deepEqual(
      [value['ok'], value['size'], value['findings'], value['confirmed']],
      [true, 4, [], ['audit.checkpoint']],
    );
    const saved = join(folder, 'saved.checkpoint');
    const key = join(folder, 'key+pub');
    await writeFile(saved, (await run(['checkpoint'])).out);
    await writeFile(key, (await run(['key'])).out);
    const text = await run(['verify', '--checkpoint', saved, '--key', key]);
    assert.equal(text.status, 0, text.err);
    assert.match(text.out, /^ok {2}4 events$/m);
    assert.match(text.out, /^continues +.*saved\.checkpoint$/m);
    assert.equal((await run(['verify', '--key', (await run(['key'])).out])).status, 0);
  });

  it('finds what was changed, with status 6 and the number of the event', async () => {
    const copy = await tampered(
      'changed',
      "UPDATE audit_event SET event = replace(event, 'shop', 'shot') WHERE seq = 1",
    );
    const { status, out } = await run(['verify', '--json'], copy);
    assert.equal(status, 6);
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: { code: string; first: number }[] };
    assert.equal(ok, false);
    assert.deepEqual(
      findings.map(({ code, first }) => [code, first]),
      [['AUDIT_EVENT_CHANGED', 1]],
    );
    assert.match((await run(['verify'], copy)).out, /not whole: 1 finding.*\nAUDIT_EVENT_CHANGED\n/);
    assert.equal((await run(['prove', '1'], copy)).status, 6);
  });

  it('finds a tail that was cut off with all that belongs to it, by the file beside the database', async () => {
    const copy = await tampered(
      'cut',
      'DELETE FROM audit_event WHERE seq >= 1',
      'DELETE FROM audit_checkpoint WHERE size > 1',
      'UPDATE audit_range SET size = 1, hashes = (SELECT leaf_hash FROM audit_event WHERE seq = 0)',
    );
    const { status, out } = await run(['verify'], copy);
    assert.equal(status, 6);
    assert.match(out, /^AUDIT_TRUNCATED$/m);
    await rm(join(copy, 'audit.checkpoint'));
    assert.equal((await run(['verify'], copy)).status, 0);
    const saved = join(folder, 'cut.checkpoint');
    await writeFile(saved, (await run(['checkpoint'])).out);
    assert.equal((await run(['verify', '--checkpoint', saved], copy)).status, 6);
  });

  it('finds a log that was exchanged together with its key', async () => {
    const other = join(folder, 'other');
    const state = await openState(other, { clock: systemClock });
    await state.store.commit(({ audit }) => audit({ type: 'forged', subject: 'shop', data: null }));
    await state.close();
    assert.equal((await run(['verify'], other)).status, 0);
    await copyFile(join(stateDir, 'audit.key.pub'), join(other, 'audit.key.pub'));
    const { status, out } = await run(['verify'], other);
    assert.equal(status, 6);
    assert.match(out, /^AUDIT_CHECKPOINT_FORGED$/m);
    await assert.rejects(openState(other, { clock: systemClock }), { code: 'AUDIT_KEY_CHANGED' });
  });

  it('refuses keys and checkpoints that are none', async () => {
    for (const key of ['nonsense', join(folder, 'no-such-file'), '/dev/zero', 'name+00000000+AAAA']) {
      const { status, err } = await run(['verify', '--key', key]);
      assert.equal(status, 2, key);
      assert.match(err, /AUDIT_KEY_INVALID/);
    }
    assert.equal((await run(['verify', '--checkpoint', '/dev/zero'])).status, 2);
    assert.equal((await run(['verify', '--checkpoint', '/dev/null'])).status, 6);
  });
});

describe('audit prove and check-proof', () => {
  it('work apart: the proof is checked where there is no state at all', async () => {
    const file = join(folder, 'proof.json');
    const key = (await run(['key'])).out.trim();
    const nowhere = join(folder, 'nowhere');
    for (const number of ['0', '1', '2', '3']) {
      await writeFile(file, (await run(['prove', number])).out);
      const known = await run(['check-proof', file, '--key', key], nowhere);
      assert.equal(known.status, 0, known.err);
      assert.match(known.out, new RegExp(`^holds {2}event ${number} of 4, `));
      assert.ok(!known.out.includes('\u001b'));
      assert.match((await run(['check-proof', file], nowhere)).out, /compare it with the one you\s+know/);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/(blog|shop)/, 'shoq'));
      assert.equal((await run(['check-proof', file, '--key', key], nowhere)).status, 6);
    }
    await assert.rejects(readdir(nowhere), { code: 'ENOENT' });
  });

  it('refuse what is no number, no event, no proof', async () => {
    for (const number of ['4', '-1', 'x', '99999999999999999999'])
      assert.equal((await run(['prove', number])).status, 2);
    const file = join(folder, 'hostile.json');
    for (const text of ['', '{}', '[]', '['.repeat(100_000), '{"format":"everbind-audit-proof/1"}']) {
      await writeFile(file, text);
      assert.equal((await run(['check-proof', file])).status, 6, text.slice(0, 40));
    }
    assert.equal((await run(['check-proof', '/dev/zero'])).status, 2);
    assert.equal((await run(['check-proof', join(folder, 'no-such-file')])).status, 2);
  });
});

describe('audit checkpoint --after', () => {
  it('proves without the log that it only grew', async () => {
    const key = (await run(['key'])).out.trim();
    const nowhere = join(folder, 'nowhere');
    const db = new DatabaseSync(join(stateDir, 'everbind.db'), { readOnly: true });
    const notes = db.prepare('SELECT note FROM audit_checkpoint ORDER BY size').all();
    db.close();
    assert.equal(notes.length, 3);
    const saved = join(folder, 'earlier.checkpoint');
    const proof = join(folder, 'growth.proof');
    const check = () => run(['check-proof', proof, '--after', saved, '--key', key], nowhere);
    for (const { note } of notes) {
      await writeFile(saved, String(note));
      await writeFile(proof, (await run(['checkpoint', '--after', saved])).out);
      const { status, out, err } = await check();
      assert.equal(status, 0, err);
      assert.match(out, /^holds {2}the log of 4 events continues the saved one$/m);
    }
    await writeFile(saved, String(notes[0]?.['note']));
    assert.equal((await check()).status, 6);
    await writeFile(saved, 'none');
    assert.equal((await run(['checkpoint', '--after', saved])).status, 6);
    assert.equal((await run(['check-proof', proof, '--after', saved], nowhere)).status, 2);
  });
});

describe("the log's key", () => {
  it('is noted in a private file, whole or not at all', async () => {
    const file = join(stateDir, 'audit.key.pub');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal(await readFile(file, 'utf8'), (await run(['key'])).out);
    assert.deepEqual(
      (await readdir(stateDir)).filter((name) => name.startsWith('audit.key')),
      ['audit.key.pub'],
    );
    // What a process leaves behind that was killed between the two.
    const copy = await tampered('killed');
    await rm(join(copy, 'audit.key.pub'));
    await writeFile(join(copy, `audit.key.pub.${process.pid}`), 'half');
    await chmod(copy, 0o700);
    await (await openState(copy, { clock: systemClock })).close();
    assert.equal(await readFile(join(copy, 'audit.key.pub'), 'utf8'), await readFile(file, 'utf8'));
  });
});
