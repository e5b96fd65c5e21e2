import { deepEqual, equal, ok } from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import { readInventory } from '../../src/iis/inventory.ts';
import { configurationOf, simFor } from '../lab/sim-windows/support.ts';

// 漢 and 字 are the same in a code page that has neither.
const NAMES = ['Brød é', 'Łódź', '漢', '字', "Ada's", 'a "quoted" one', '<tag> & more', 'Plain'];

function sites(...names: readonly string[]): Buffer {
  return configurationOf(
    ...names.map((name, index) => ({ name, bindings: [['https', `*:443:s${index}.test`, 1] as const] })),
  );
}

test('names of sites are those of the configuration, although appcmd writes in the code page of the machine', async (t) => {
  const { host } = await simFor(t, sites(...NAMES));
  const { stdout } = await host.appcmd(['list', 'site', '/xml']);
  ok(!isUtf8(stdout), 'this appcmd writes UTF-8');
  const text = Buffer.from(stdout).toString('latin1');
  ok(text.includes('SITE.NAME="Brød é"'));
  equal(text.split('SITE.NAME="?"').length, 3);
  const inventory = await readInventory(host);
  deepEqual(
    inventory.sites.map(({ name, id, state }) => [name, id, state]),
    NAMES.map((name, index) => [name, index + 1, 'Started']),
  );
  deepEqual(inventory.problems, []);
});

test('a shared configuration is read on its share; one that cannot be read leaves the names of appcmd', async (t) => {
  const { host } = await simFor(t, sites('Łódź'));
  const redirection = `<configuration><configurationRedirection enabled="true" path="\\\\files\\iis$" /></configuration>`;
  await host.files.write('%windir%\\System32\\inetsrv\\config\\redirection.config', Buffer.from(redirection));
  const alone = await readInventory(host);
  deepEqual(
    alone.problems.map(({ code }) => code),
    ['configuration-unreadable'],
  );
  deepEqual(
    alone.sites.map(({ name, id, state }) => [name, id, state]),
    [['?\u00f3d?', 1, 'Started']],
  );
  await host.files.write('\\\\files\\iis$\\applicationHost.config', sites('Gdańsk'));
  const shared = await readInventory(host);
  deepEqual(shared.problems, []);
  deepEqual(
    shared.sites.map(({ name, id, state }) => [name, id, state]),
    [['Gdańsk', 1, 'Started']],
  );
});
