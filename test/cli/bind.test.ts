import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { readInventory } from '../../src/iis/inventory.ts';
import { type CliWorld, startCliWorld } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
after(() => world.stop());

async function bindings(name: string): Promise<readonly string[]> {
  const { sites } = await readInventory(world.sim.host);
  const site = sites.find((candidate) => candidate.name === name);
  return (site?.bindings ?? []).map(({ protocol, text, sslFlags }) => `${protocol} ${text} ${sslFlags}`);
}

it('adds a binding to a site by name or number, once, with the flags that are wanted', async () => {
  for (let time = 0; time < 2; time += 1) {
    const { status, out } = await world.run(['bind', 'shop', 'New.cli.test']);
    assert.equal(status, 0);
    assert.match(out, /^bound https \*:443:new\.cli\.test to Shop\n$/);
  }
  const { status, value } = await world.json('bind', 'id:2', 'api.cli.test', '--port', '8444', '--ssl-flags', '33');
  assert.equal(status, 0);
  assert.deepEqual(value, { site: 'Blog', binding: '*:8444:api.cli.test', sslFlags: 33 });
  const { value: log } = await world.json('audit', 'log', '--type', 'bindings');
  const events = (log['events'] ?? []) as unknown as readonly { type: string; subject: string; data: unknown }[];
  assert.deepEqual(
    events.slice(-2).map(({ type, subject, data }) => [type, subject, data]),
    ['bindings.adding', 'bindings.added'].map((type) => [
      type,
      'Blog',
      { binding: '*:8444:api.cli.test', sslFlags: 33 },
    ]),
  );
  assert.equal((await bindings('Shop')).filter((text) => text === 'https *:443:new.cli.test 1').length, 1);
  assert.ok((await bindings('Blog')).includes('https *:8444:api.cli.test 33'));
});

it('add says which host names have no https binding, and how to get one', async () => {
  const { out } = await world.run(['add', 'three', '--site', 'Blog', '--names', 'blog.cli.test,m.cli.test', '--adopt']);
  assert.match(out, /^note {2}no https binding for m\.cli\.test; to add one: everbind bind Blog m\.cli\.test$/m);
  assert.doesNotMatch(out, /binding for blog\.cli\.test/);
  const all = await world.json('add', 'four', '--site', 'Everything', '--names', 'x.cli.test', '--adopt');
  assert.deepEqual(all.value['unbound'], [], 'a binding for every host serves this one too');
});

it('refuses what cannot work and changes nothing', async () => {
  const before = await Promise.all(['Shop', 'Blog', 'Everything'].map(bindings));
  for (const [args, message] of [
    [['Nobody', 'a.cli.test'], /there is no site Nobody/],
    [['Blog', 'shop.cli.test'], /bound to the site Shop already/],
    [['Blog', 'no host'], /is no host name/],
    [['Blog', 'a.cli.test', '--port', '70000'], /is no port/],
    [['Blog', 'a.cli.test', '--ssl-flags', 'many'], /are no sslFlags/],
    [['Blog', 'a.cli.test', '--ssl-flags', '3'], /central store/],
  ] as const) {
    const { status, err } = await world.run(['bind', ...args]);
    assert.equal(status, 2, err);
    assert.match(err, message);
  }
  assert.deepEqual(await Promise.all(['Shop', 'Blog', 'Everything'].map(bindings)), before);
});
