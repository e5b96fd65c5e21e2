import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { readInventory } from '../../src/iis/inventory.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type CliWorld, startCliWorld } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
after(() => world.stop());

/** Fifteen seconds of this clock are over at once. */
function hasty(): Clock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    sleep: async (ms) => {
      ahead += ms;
    },
  };
}

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

it('ends when the port of the new binding answers, which is some time after appcmd has ended', async () => {
  const { host } = world.sim;
  const add = ['add', 'site', '/name:Late', '/bindings:http/*:8455:', '/physicalPath:C:\\late'];
  assert.equal((await host.appcmd(add)).exitCode, 0);
  assert.deepEqual(await host.endpoints('*', 8455), [], 'this IIS starts a site at once');
  for (const site of ['Late', 'Shop']) {
    const port = site === 'Late' ? '8456' : '8457';
    assert.equal((await world.run(['bind', site, 'late.cli.test', '--port', port])).status, 0);
    assert.equal((await host.endpoints('*', Number(port))).length, 1, site);
  }
  assert.equal((await host.appcmd(['delete', 'site', 'Late'])).exitCode, 0);
});

it('adds a binding to a stopped site without waiting, and says what keeps a site from starting', async () => {
  const { host } = world.sim;
  const bare = ['add', 'site', '/name:Bare', '/bindings:http/*:8466:'];
  const folder = ['add', 'site', '/name:Off', '/bindings:http/*:8467:', '/physicalPath:C:\\off'];
  for (const add of [bare, folder]) assert.equal((await host.appcmd(add)).exitCode, 0);
  assert.equal((await host.appcmd(['set', 'site', 'Off', '/serverAutoStart:false'])).exitCode, 0);
  const { status } = await world.run(['bind', 'Off', 'off.cli.test', '--port', '8468']);
  assert.equal(status, 0);
  assert.ok((await bindings('Off')).includes('https *:8468:off.cli.test 1'));
  const { out, ...ended } = await world.run(['bind', 'Bare', 'bare.cli.test', '--port', '8469'], { clock: hasty() });
  assert.equal(ended.status, 1, out);
  assert.match(ended.err, /IIS_SITE_CANNOT_START.*Bare: it has no application for \//s);
  assert.ok((await bindings('Bare')).includes('https *:8469:bare.cli.test 1'), 'the binding stays');
  for (const site of ['Bare', 'Off']) assert.equal((await host.appcmd(['delete', 'site', site])).exitCode, 0);
});

it('add says which host names have no https binding, and how to get one', async () => {
  const { out } = await world.run(['add', 'three', '--site', 'Blog', '--names', 'blog.cli.test,m.cli.test', '--adopt']);
  assert.match(out, /^note {2}no https binding for m\.cli\.test; to add one: everbind bind Blog m\.cli\.test$/m);
  assert.doesNotMatch(out, /binding for blog\.cli\.test/);
  const all = await world.json('add', 'four', '--site', 'Everything', '--names', 'x.cli.test', '--adopt');
  assert.deepEqual(all.value['unbound'], [], 'a binding for every host serves this one too');
});

it('binds a host that only a stopped site has', async () => {
  const { host } = world.sim;
  const old = ['add', 'site', '/name:Old', '/bindings:https/*:443:Moved.cli.test', '/physicalPath:C:\\old'];
  assert.equal((await host.appcmd(old)).exitCode, 0);
  const running = await world.run(['bind', 'Shop', 'moved.cli.test']);
  assert.equal(running.status, 2);
  assert.match(running.err, /bound to the site Old already/);
  assert.equal((await host.appcmd(['set', 'site', 'Old', '/serverAutoStart:false'])).exitCode, 0);
  for (let tries = 0; tries < 100; tries += 1) {
    const { sites } = await readInventory(host);
    if (sites.find(({ name }) => name === 'Old')?.state === 'Stopped') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stopped = await world.run(['bind', 'Shop', 'moved.cli.test']);
  assert.equal(stopped.status, 0, stopped.err);
  assert.equal((await host.appcmd(['delete', 'site', 'Old'])).exitCode, 0);
});

it('takes a host in several spellings for one, when it declares a certificate and when it binds', async () => {
  const { host } = world.sim;
  const spelled = 'https/*:9443:Case.cli.test,https/*:9444:case.cli.test.,https/*:9443:a_b.cli.test';
  const add = ['add', 'site', '/name:Case', `/bindings:${spelled}`, '/physicalPath:C:\\case'];
  assert.equal((await host.appcmd(add)).exitCode, 0);
  const declared = await world.run(['add', 'case', '--site', 'Case', '--adopt']);
  assert.equal(declared.status, 0, declared.err);
  assert.match(declared.out, /^added {1,2}case for case\.cli\.test to /m);
  assert.match(declared.out.replaceAll(/\n +/g, ' '), /^note {2}a_b\.cli\.test is left out: .*underscore/m);
  const typed = await world.json('add', 'typed', '--names', 'Typed.cli.test,typed.cli.test.', '--adopt');
  assert.deepEqual(typed.value['certificates']?.[0]?.['names'], ['typed.cli.test']);
  const before = await bindings('Case');
  const { status, out } = await world.run(['bind', 'Case', 'case.cli.test', '--port', '9443', '--ssl-flags', '0']);
  assert.deepEqual([status, out], [0, 'bound https *:9443:Case.cli.test to Case\n']);
  assert.deepEqual(await bindings('Case'), before);
  assert.equal((await host.appcmd(['delete', 'site', 'Case'])).exitCode, 0);
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
