import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/net/system.ts';
import { verifyStoredLog } from '../../src/store/audit-read.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { log, sharedSigner, verifierOf, withFolder } from './support.ts';

// What one process does to another: kills, stops, and two at once.

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves when it has told this many lines. */
  told(count: number): Promise<void>;
  readonly ended: Promise<number | null>;
}

function start(role: string, path: string, number = ''): Child {
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, role, path, number], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const told = async (count: number): Promise<void> => {
    while (lines.length < count) await once(reader, 'line', { signal: AbortSignal.timeout(120_000) });
  };
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(([[code]]) => code as number | null);
  return { process: child, lines, told, ended };
}

const verifier = verifierOf(sharedSigner());

describe('a process killed while it commits', () => {
  it('leaves every commit that was acknowledged, whole, and a log that verifies; the next one takes the lease at once', async () => {
    await withFolder(async ({ open, path }) => {
      let acknowledged = 0;
      for (const lines of [1, 9, 60, 200]) {
        const child = start('write-leased', path);
        await child.told(lines);
        child.process.kill('SIGKILL');
        await child.ended;
        acknowledged += child.lines.length;
        const store = open();
        const stored = store.read((db) => db.prepare('SELECT n FROM t WHERE label = ?').all(String(child.process.pid)));
        const numbers = new Set(stored.map((row) => String(row['n'])));
        for (const line of child.lines) assert.ok(numbers.has(line), `row ${line} was acknowledged and is gone`);
        // Row and event are of one transaction: never one without the other.
        const counts = store.read((db) =>
          db.prepare('SELECT (SELECT count(*) FROM t) AS r, (SELECT count(*) FROM audit_event) AS e').get(),
        );
        assert.equal(counts?.['r'], counts?.['e']);
        const report = verifyStoredLog(store, verifier);
        assert.deepEqual(report.findings, []);
        assert.ok(report.size >= acknowledged);
        const lease = await acquireLease(store, systemClock);
        await lease.release();
        await store.close();
      }
    });
  });
});

describe('a holder of the lease', () => {
  it('that is stopped for too long loses it, and finds out before it writes again', async () => {
    await withFolder(async ({ open, path }) => {
      const child = start('hold', path, '5000');
      await child.told(1);
      const store = open();
      await assert.rejects(acquireLease(store, systemClock, 5000), { code: 'STORE_LEASE_HELD' });
      child.process.kill('SIGSTOP');
      let lease = null;
      for (let tries = 0; lease === null && tries < 1000; tries += 1) {
        await systemClock.sleep(50);
        lease = await acquireLease(store, systemClock).catch(() => null);
      }
      assert.ok(lease);
      child.process.kill('SIGCONT');
      assert.equal(await child.ended, 0);
      assert.deepEqual(child.lines.slice(1), ['lost STORE_LEASE_LOST', 'commit STORE_LEASE_LOST']);
      await store.commit(() => 'still ours');
      assert.equal(lease.lost.aborted, false);
    });
  });
});

describe('two processes that write at once', () => {
  it('lose nothing and make one log', async () => {
    await withFolder(async ({ open, path }) => {
      const store = open();
      store.signWith(sharedSigner());
      await log(store, 'first');
      const children = [start('write', path, '150'), start('write', path, '150')];
      for (const child of children) assert.equal(await child.ended, 0);
      const rows = store.read((db) => db.prepare('SELECT label, count(DISTINCT n) AS n FROM t GROUP BY label').all());
      assert.deepEqual(
        rows.map((row) => row['n']),
        [150, 150],
      );
      await log(store, 'last');
      const report = verifyStoredLog(store, verifier);
      assert.deepEqual(report.findings, []);
      assert.equal(report.size, 302);
    });
  });
});
