import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { after, before, it } from 'node:test';
import { type CliWorld, startCliWorld } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
after(() => world.stop());

// No DNS credentials anywhere: the record is made once, by a person, and Pebble looks at it.
it('the record is printed and looked for, and with it a name and its wildcard are renewed again and again', async () => {
  await appendFile(
    world.configFile,
    `certificates:
  - name: kept
    names: [kept.cli.test, "*.kept.cli.test"]
    challenge: { type: dns-persist-01 }
    deployments: []
`,
  );
  const missing = await world.json('dns', 'persist', 'kept');
  assert.equal(missing.status, 1);
  const records = missing.value['records'] as unknown as readonly Readonly<Record<string, string | boolean | null>>[];
  const [record, ...others] = records;
  assert.ok(record !== undefined);
  assert.deepEqual(others, []);
  const { value } = record;
  assert.deepEqual(record, {
    issuer: 'pebble',
    record: '_validation-persist.kept.cli.test',
    value,
    hashed: false,
    problem: 'persist-missing',
  });
  assert.match(String(value), /^ca\.everbind\.test; accounturi=https:\/\/\S+; policy=wildcard$/);

  const refused = await world.run(['renew', 'kept']);
  assert.equal(refused.status, 1);
  assert.match(refused.out + refused.err, /CHALLENGE_SELF_CHECK_FAILED/);

  const host = '_validation-persist.kept.cli.test.';
  await world.pebble.challenge('set-txt', { host, value: `${String(value)}; persistUntil=1` });
  assert.equal((await world.run(['dns', 'persist', 'kept'])).status, 1);
  await world.pebble.challenge('clear-txt', { host });
  await world.pebble.challenge('set-txt', { host, value });
  const there = await world.run(['dns', 'persist', 'kept']);
  assert.equal(there.status, 0);
  assert.ok(there.out.includes(`${host} TXT "${String(value)}"`), there.out);
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await world.run(['renew', 'kept', '--force'])).status, 0);
  }
});
