import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hostKeyName } from '../../src/custody/cng/handle.ts';
import { createSiteChanges } from '../../src/iis/change-sites.ts';
import { systemClock } from '../../src/net/system.ts';
import type { SslRecord, SslRecordKey } from '../../src/ports/windows-host.ts';
import { HOSTS, startStoppedWorld, type StoppedWorld } from './stopped/world.ts';

// People and other programs change bindings after a deployment. What nobody chose is restored, the rest is told.

const HOUR = 3_600_000;

let world: StoppedWorld;
/** Hours that the clock of the next run is ahead. */
let hours = 0;
before(async () => {
  world = await startStoppedWorld();
});
after(() => world.stop());

async function run(argv: readonly string[], expected = 0): Promise<string> {
  const { status, output } = await world.start(argv, { leadMs: hours * HOUR }).ended;
  assert.equal(status, expected, `${argv.join(' ')}: ${output}`);
  return output;
}

const keyOf = (index: number): SslRecordKey => ({ kind: 'hostnameport', host: HOSTS[index] ?? '', port: 443 });

async function recordAt(index: number): Promise<SslRecord> {
  const record = await world.sim.host.sslRecords.query(keyOf(index));
  assert.ok(record !== null);
  return record;
}

async function give(index: number, thumbprint: string, store: string): Promise<void> {
  const record = await recordAt(index);
  await world.sim.host.sslRecords.update({ ...record, certificateHash: thumbprint, certificateStore: store });
}

/** Any that was there before Everbind. */
async function strangers(): Promise<readonly { readonly thumbprint: string; readonly store: 'MY' }[]> {
  return (await world.sim.host.certificates.list('MY')).map(({ thumbprint }) => ({ thumbprint, store: 'MY' }));
}

async function events(type: string): Promise<number> {
  const output = await run(['audit', 'log', '--subject', 'all', '--all', '--type', type]);
  return output.split(type).length - 1;
}

const issued = (): unknown => world.row('SELECT count(*) AS n FROM issued')['n'];

test('what nobody chose is restored without an order, what somebody chose is told and left alone', async () => {
  const { host } = world.sim;
  await run(['renew', '--all-due']);
  await run(['status']);
  const active = world.active();
  const [theirs, passing] = await strangers();
  assert.ok(theirs !== undefined && passing !== undefined);
  await host.sslRecords.remove(keyOf(0));
  await give(1, theirs.thumbprint, theirs.store);
  await give(2, passing.thumbprint, passing.store);
  await host.certificates.remove('MY', passing.thumbprint);
  await createSiteChanges(host, systemClock, { backUp: false }).removeHttpsBinding('Site 3', `*:443:${HOSTS[3]}`);
  await host.sslRecords.remove(keyOf(3)).catch(() => {});
  hours = 3;
  await run(['renew', '--all-due']);
  assert.deepEqual(
    await world.records(),
    HOSTS.map((_, index) => (index === 1 ? theirs.thumbprint : index === 3 ? null : active)),
  );
  assert.equal(issued(), 1);
  assert.equal((await recordAt(0)).certificateStore, 'WebHosting');
  assert.match(await run(['status'], 1), /drifted +all/);
  assert.match(
    await run(['show', 'all']),
    /drift +http\.sys record site1\.stopped\.test:443.*\[foreign-certificate\]/s,
  );
  assert.match(await run(['list']), /drifted/);
});

test('the same is logged once, and its end too', async () => {
  hours += 30;
  await run(['renew', '--all-due']);
  hours += 30;
  await run(['renew', '--all-due']);
  assert.equal(await events('bindings.drifted'), 1);
  await run(['status'], 1);
  await give(1, world.active(), 'WebHosting');
  hours += 30;
  await run(['renew', '--all-due']);
  assert.equal(await events('bindings.as-deployed'), 1);
  await run(['status']);
  // Nothing is begun where nothing is off.
  assert.equal(await events('deployment.started'), 1);
});

test('a certificate that is gone from the store is put there again', async () => {
  const active = world.active();
  await world.sim.host.certificates.remove('WebHosting', active);
  hours += 30;
  await run(['renew', '--all-due']);
  assert.ok((await world.sim.host.certificates.find('WebHosting', active)) !== null);
  assert.deepEqual([world.active(), issued()], [active, 1]);
  await run(['status']);
});

test('a record that holds an earlier certificate of ours gets the one in use', async () => {
  const first = world.active();
  await run(['renew', '--force']);
  const second = world.active();
  await give(5, first, 'WebHosting');
  hours += 3;
  await run(['renew', '--all-due']);
  assert.equal((await recordAt(5)).certificateHash, second);
  assert.equal(issued(), 2);
});

test('a key that is gone for good has another certificate requested at once', async () => {
  const handle = String(world.row(`SELECT key_handle FROM issued WHERE status = 'active'`)['key_handle']);
  await world.sim.host.keys.remove(hostKeyName(handle));
  hours += 30;
  await run(['renew', '--all-due']);
  assert.equal(issued(), 3);
  await run(['status']);
});

test('nothing of the server is read while nothing is due', async () => {
  await world.sim.faults.add({ kind: 'delay', call: 'sslRecords.enumerate', ms: 0 });
  await run(['renew', '--all-due']);
  assert.equal(await world.calls(), 0);
});
