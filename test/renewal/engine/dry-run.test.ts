import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EverbindError } from '../../../src/errors/error.ts';
import type { DryRun } from '../../../src/renewal/engine/dry-run.ts';
import type { Selection } from '../../../src/renewal/engine/select.ts';
import { acquireLease } from '../../../src/store/lease.ts';
import { coded } from '../../acme/support.ts';
import { failed, renewed } from '../support/obtain-judge.ts';
import { rowsOf } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import type { World } from '../support/obtain-world.ts';

// What a renewal would do is told without doing any of it.

const suite = obtainSuite({ profiles: { default: { description: 'ninety days', validityPeriod: 7_776_000 } } });
const { test } = suite;

/**
 * The octets of every file of the state folder (the database, its log, keys, the web server's state), and every row.
 */
function everything({ folder, state }: World): object {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    // Where readers of SQLite note what they are reading.
    .filter(({ name }) => !name.endsWith('-shm'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]);
  const tables = rowsOf(state.store, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`);
  const rows = tables.map(({ name }) => [name, rowsOf(state.store, `SELECT * FROM ${String(name)}`)]);
  assert.ok(files.length >= 2 && rows.length > 8);
  return { files, rows };
}

/** The result of a dry run that has changed nothing and has asked the CA for nothing. */
async function look(world: World, selection: Partial<Selection> = {}): Promise<readonly DryRun[]> {
  const before = everything(world);
  const orders = world.orders.length;
  let requests = 0;
  world.meddle = () => {
    requests += 1;
    return null;
  };
  try {
    return await world.engine.dryRun({ names: [], force: false, ...selection });
  } finally {
    world.meddle = () => null;
    assert.deepEqual(everything(world), before);
    assert.equal(requests, 0);
    assert.equal(world.orders.length, orders);
  }
}

test('a new certificate: its order, key, challenges and changes', async (world) => {
  await world.apply('[{ name: shop, names: [shop.dry.test, www.shop.dry.test], key: { algorithm: ec-p384 } }]', {
    issuer: ', profile: default',
  });
  const { nextDue } = world.show('shop').certificate;
  const http = { type: 'http-01', mode: 'auto', path: null, port: 80 };
  assert.deepEqual(await look(world), [
    {
      name: 'shop',
      due: { at: nextDue, reason: 'new' },
      resumesAt: null,
      orders: true,
      order: {
        issuer: 'ca',
        directory: suite.front.ca.directoryUrl,
        stagingDirectory: null,
        profile: 'default',
        names: ['shop.dry.test', 'www.shop.dry.test'],
      },
      key: { algorithm: 'ec-p384', provider: 'software', reused: false },
      challenges: [
        { name: 'shop.dry.test', challenge: http, reason: null },
        { name: 'www.shop.dry.test', challenge: http, reason: null },
      ],
      plans: [
        {
          type: 'file',
          changes: [{ target: 'shop:443', reason: 'replaced', replaces: null, sites: [] }],
          skipped: [],
          snapshot: null,
          detail: '0'.repeat(40),
        },
      ],
      problem: null,
      retired: [],
    },
  ]);
  // And then it is done as told.
  await renewed(world);
  assert.equal(world.show('shop').issued[0]?.algorithm, 'ec-p384');
  assert.deepEqual(await look(world), []);
});

test('a certificate in use: what it would replace, which key, which certificate would be retired', async (world) => {
  await world.apply('[{ name: shop, names: [shop.dry.test], key: { reuse: true } }]');
  await renewed(world);
  const thumbprint = (): string => world.show('shop').issued[0]?.thumbprint ?? '';
  const first = thumbprint();
  const [plan] = await look(world, { names: ['shop'], force: true });
  assert.equal(plan?.plans[0]?.snapshot, first);
  assert.deepEqual([plan.key.reused, plan.due.reason, plan.retired], [true, 'lifetime', []]);
  await world.renew([], { force: true });
  const second = thumbprint();
  assert.notEqual(second, first);
  const [next] = await look(world, { force: true });
  assert.equal(next?.plans[0]?.snapshot, second);
  assert.deepEqual(next.retired, [first]);
  // Which is what happens.
  await world.renew([], { force: true });
  assert.deepEqual(
    rowsOf(world.state.store, `SELECT thumbprint FROM issued WHERE status = 'retired'`).map((row) => row['thumbprint']),
    [first],
  );
});

test('an interrupted renewal: where it goes on', async (world) => {
  await world.apply('[{ name: shop, names: [shop.dry.test], deployments: [] }]');
  world.onPresent = () => {
    throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
  };
  const { nextAttempt } = await failed(world);
  world.onPresent = () => {};
  assert.deepEqual(await look(world), []);
  const [forced] = await look(world, { force: true });
  assert.deepEqual([forced?.resumesAt, forced?.due], ['ordered', { at: nextAttempt, reason: 'retry' }]);
  world.clock.moveTo(nextAttempt);
  assert.equal((await look(world)).length, 1);
  await renewed(world);
  assert.equal(world.orders.length, 1);
});

test('a name that is not managed is refused', async (world) => {
  await world.apply('[{ name: shop, names: [shop.dry.test], deployments: [] }]');
  await assert.rejects(look(world, { names: ['shop', 'nobody'] }), coded('RENEWAL_UNKNOWN_CERTIFICATE'));
});

test('another one may work meanwhile: no lease is needed', async (world) => {
  await world.apply('[{ name: shop, names: [shop.dry.test], deployments: [] }]');
  const lease = await acquireLease(world.state.store, world.clock);
  await suite.withWorldAt(world.folder, async (second) => {
    assert.deepEqual(
      (await look(second)).map(({ name }) => name),
      ['shop'],
    );
  });
  await lease.release();
});
