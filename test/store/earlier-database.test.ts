import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';

// The fixture is what commit 7794bed, the last one with migrations 1 to 74, left behind. It was made there:
// lab/pebble/server.ts started Pebble, writeIssueConfig of bench/issue-config.ts wrote an everbind.yaml with one
// certificate for it, and `node src/cli/main.ts renew --all-due` obtained that certificate. database.sql is
// the database as text: the statements of sqlite_schema, a row an INSERT, blobs in hex. The master key is not kept.

const FIXTURE = new URL('earlier-database/', import.meta.url);
const EVENTS = 12;

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'everbind-earlier-'));
  const db = new DatabaseSync(join(state, 'everbind.db'), { enableForeignKeyConstraints: false });
  db.exec('PRAGMA journal_mode = WAL');
  db.exec(readFileSync(new URL('database.sql', FIXTURE), 'utf8'));
  db.close();
  copyFileSync(new URL('audit.key.pub', FIXTURE), join(state, 'audit.key.pub'));
  writeFileSync(join(state, 'master.key'), Buffer.alloc(32, 7), { mode: 0o600 });
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

interface Run {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function everbind(args: readonly string[], input = '', folder = state): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['src/cli/main.ts', ...args, '--state-dir', folder]);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });
}

async function succeeded(args: readonly string[], input?: string, folder?: string): Promise<string> {
  const { status, out, err } = await everbind(args, input, folder);
  assert.equal(status, 0, `${args.join(' ')}: ${out}${err}`);
  return out;
}

function content(): readonly unknown[] {
  const db = new DatabaseSync(join(state, 'everbind.db'), { readOnly: true });
  try {
    return ['sqlite_schema', 'migration', 'audit_event', 'audit_checkpoint', 'lease'].map((table) =>
      db.prepare(`SELECT * FROM ${table}`).all(),
    );
  } finally {
    db.close();
  }
}

describe('a database from before the first release', () => {
  it('is refused for writing and for reading, and stays as it is', async () => {
    const before = content();
    for (const args of [['secret', 'set', 'token'], ['secret', 'list'], ['list'], ['status'], ['show', 'c0']]) {
      const { status, err } = await everbind(args, 'value');
      assert.equal(status, 2, args.join(' '));
      assert.match(err, /STORE_BEFORE_RELEASE/, args.join(' '));
    }
    assert.deepEqual(content(), before);
    assert.deepEqual(
      readdirSync(state).filter((name) => name.includes('before-')),
      [],
    );
  });

  it('has an audit log that is verified, read and proved from', async () => {
    assert.match(await succeeded(['audit', 'verify']), new RegExp(`^ok +${EVENTS} events`));
    const { events } = JSON.parse(await succeeded(['audit', 'log', '--json'])) as { events: { type: string }[] };
    assert.equal(events.length, EVENTS);
    assert.equal(events[9]?.type, 'certificate.issued');
    const proof = join(state, 'proof.json');
    writeFileSync(proof, await succeeded(['audit', 'prove', '9']));
    const key = join(state, 'audit.key.pub');
    const checked = await succeeded(['audit', 'check-proof', proof, '--key', key]);
    assert.match(checked, new RegExp(`event 9 of ${EVENTS}`));
    const saved = join(state, 'saved.checkpoint');
    const db = new DatabaseSync(join(state, 'everbind.db'), { readOnly: true });
    writeFileSync(saved, String(db.prepare('SELECT note FROM audit_checkpoint WHERE size = 7').get()?.['note']));
    db.close();
    const growth = join(state, 'growth.proof');
    writeFileSync(growth, await succeeded(['audit', 'checkpoint', '--after', saved]));
    await succeeded(['audit', 'check-proof', growth, '--after', saved, '--key', key]);
    assert.match(await succeeded(['audit', 'verify', '--checkpoint', saved]), /continues +.*saved\.checkpoint/);
  });

  it('whose log was changed does not verify', async () => {
    const db = new DatabaseSync(join(state, 'everbind.db'), { defensive: false });
    db.exec(`DROP TRIGGER audit_event_stays;
      UPDATE audit_event SET event = replace(event, 'c0.bench.test', 'c1.bench.test') WHERE seq = 6`);
    db.close();
    const { status, out } = await everbind(['audit', 'verify']);
    assert.equal(status, 6);
    assert.match(out, /AUDIT_EVENT_CHANGED/);
  });

  it('gives way to a new one once its files are moved aside, and its log is still readable there', async () => {
    const aside = join(state, 'earlier');
    mkdirSync(aside, { mode: 0o700 });
    for (const name of readdirSync(state)) {
      if (/^everbind\.db|^master\.key$|^audit\./.test(name)) renameSync(join(state, name), join(aside, name));
    }
    await succeeded(['secret', 'set', 'token'], 'value');
    assert.match(await succeeded(['secret', 'list']), /token/);
    assert.match(await succeeded(['audit', 'verify']), /^ok +1 event\n/);
    assert.match(await succeeded(['audit', 'verify'], '', aside), new RegExp(`^ok +${EVENTS} events`));
    assert.match(await succeeded(['audit', 'log'], '', aside), /renewal\.committed/);
  });
});
