import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostCall } from '../../../lab/sim-windows/host-calls.ts';
import { HOSTS, LATE_MS, type Running, startStoppedWorld, type StoppedWorld } from './world.ts';

// A process is stopped in the middle of its work (a suspended machine, a debugger), another one takes over, and then
// the first one goes on.

async function withWorld(work: (world: StoppedWorld) => Promise<void>): Promise<void> {
  const world = await startStoppedWorld();
  try {
    await work(world);
  } finally {
    await world.stop();
  }
}

/** That it wrote nothing more, and ended for the reason that it was replaced. */
async function assertFenced(world: StoppedWorld, old: Running, written: HostCall): Promise<void> {
  await world.sim.faults.clear();
  await world.sim.faults.add({ kind: 'delay', call: written, ms: 0 });
  const records = await world.records();
  old.child.kill('SIGCONT');
  const { status, output } = await old.ended;
  assert.notEqual(status, 0, output);
  assert.match(output, /STORE_LEASE_LOST/);
  assert.equal(await world.calls(), 0, `${written} by the old process`);
  assert.deepEqual(await world.records(), records);
}

function assertAll(records: readonly (string | null)[], thumbprint: string): void {
  assert.deepEqual(
    records,
    HOSTS.map(() => thumbprint),
  );
}

test('stopped while it changes records, it changes no further one', () =>
  withWorld(async (world) => {
    const old = world.start(['renew', '--all-due']);
    // Ten are read before the first is written; this is the reading back of the fourth.
    await world.stopAt(old, 'sslRecords.query', 14);
    await world.takeOver(['renew', '--all-due']);
    const first = world.active();
    await world.takeOver(['renew', '--force']);
    assert.notEqual(world.active(), first);
    await assertFenced(world, old, 'sslRecords.update');
    assertAll(await world.records(), world.active());
  }));

test('stopped while it restores records, it restores no further one', () =>
  withWorld(async (world) => {
    await world.takeOver(['renew', '--all-due']);
    const key = { kind: 'hostnameport', host: HOSTS[9] ?? '', port: 443 } as const;
    const fault = await world.sim.faults.add({ kind: 'record-sticks', key });
    const old = world.start(['renew', '--force']);
    // After ten and ten for the change, two for each record that is restored: this reads the fifth.
    await world.stopAt(old, 'sslRecords.query', 29);
    await world.sim.faults.remove(fault);
    // It finishes the roll-back, which is no success.
    const { output } = await world.start(['renew', '--all-due'], { leadMs: LATE_MS }).ended;
    assert.match(output, /rolled back/);
    await world.takeOver(['renew', '--force']);
    await assertFenced(world, old, 'sslRecords.update');
    assertAll(await world.records(), world.active());
  }));

test('stopped while it writes challenge responses, it leaves no file behind', () =>
  withWorld(async (world) => {
    const old = world.start(['renew', '--all-due']);
    await world.stopAt(old, 'files.write', 3);
    await world.takeOver(['renew', '--all-due']);
    assert.deepEqual(await world.challengeFiles(), []);
    await assertFenced(world, old, 'files.write');
    assert.deepEqual(await world.challengeFiles(), []);
  }));

test('stopped before it stores a certificate, it stores none', () =>
  withWorld(async (world) => {
    const old = world.start(['renew', '--all-due']);
    await world.stopAt(old, 'certificates.find', 1);
    await world.takeOver(['renew', '--all-due']);
    await assertFenced(world, old, 'certificates.addWithKey');
    assertAll(await world.records(), world.active());
  }));

test('stopped before it asks the CA for another account key, it asks for none', () =>
  withWorld(async (world) => {
    await world.takeOver(['renew', '--all-due']);
    const account = (): Readonly<Record<string, unknown>> =>
      world.row('SELECT next_key, handle FROM account LEFT JOIN custody_keys ON handle = next_key');
    let commit = 1;
    let old = world.start(['account', 'rollover', 'pebble'], { stopAtCommit: commit });
    await world.stopped(old);
    while (account()['handle'] === null) {
      // What was killed after it had chosen the key begins with making it.
      if (account()['next_key'] === null) commit += 1;
      assert.ok(commit < 20, 'it makes a key');
      old.child.kill('SIGKILL');
      await old.ended;
      old = world.start(['account', 'rollover', 'pebble'], { stopAtCommit: commit });
      await world.stopped(old);
    }
    // This one has opened the account with the key that it had, since the CA knows no other yet.
    const other = world.start(['renew', '--force'], { leadMs: LATE_MS, stopAtCommit: 5 });
    await world.stopped(other);
    const { url } = world.row('SELECT url FROM account');
    old.child.kill('SIGCONT');
    assert.match((await old.ended).output, /STORE_LEASE_LOST/);
    other.child.kill('SIGCONT');
    const { status, output } = await other.ended;
    assert.equal(status, 0, output);
    assert.equal(world.row('SELECT url FROM account')['url'], url);
  }));
