import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSiteList } from '../../src/iis/config/appcmd-output.ts';
import { awaitListening } from '../../src/iis/await-site.ts';
import { createSiteChanges } from '../../src/iis/change-sites.ts';
import { systemClock } from '../../src/net/system.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { coded } from '../acme/support.ts';
import { configurationOf, fetchRaw, simFor } from '../lab/sim-windows/support.ts';

const DELAY_MS = 400;
const configuration = configurationOf({ name: 'Shop', bindings: [['http', '*:80:']] });

async function state(host: WindowsHost, id: number): Promise<string> {
  const sites = parseSiteList((await host.appcmd(['list', 'site', '/xml'])).stdout);
  return sites.find((site) => site.id === String(id))?.state ?? 'none';
}

test('a site that starts some time after appcmd has ended is waited for', async (t) => {
  const { host } = await simFor(t, configuration, { startDelayMs: DELAY_MS });
  const add = ['add', 'site', '/name:New', '/bindings:http/*:8080:', '/physicalPath:C:\\new'];
  const began = Date.now();
  assert.equal((await host.appcmd(add)).exitCode, 0);
  assert.equal(await state(host, 2), 'Unknown');
  assert.deepEqual(await host.endpoints('*', 8080), []);
  assert.equal((await host.appcmd(['start', 'site', 'New'])).exitCode, 4312, 'IIS does not know it yet');
  await awaitListening(host, systemClock, { siteId: 2, address: '*', port: 8080 });
  assert.ok(Date.now() - began >= DELAY_MS);
  assert.equal(await state(host, 2), 'Started');
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 8080);
  assert.equal((await fetchRaw(endpoint, 'new.test', '/')).status, 200);
});

test('a new binding is waited for while the others of the site go on', async (t) => {
  const { host } = await simFor(t, configuration, { startDelayMs: DELAY_MS });
  await createSiteChanges(host, systemClock, { backUp: false }).addHttpsBinding('Shop', '*:443:shop.test', 1);
  assert.deepEqual([await state(host, 1), await host.endpoints('*', 443)], ['Unknown', []]);
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 80);
  assert.equal((await fetchRaw(endpoint, 'shop.test', '/')).status, 200);
  await awaitListening(host, systemClock, { siteId: 1, address: '*', port: 443 });
  assert.equal((await host.endpoints('*', 443)).length, 1);
});

test('what does not come in 15 seconds is said, with what is missing', async (t) => {
  const { host } = await simFor(t, configuration);
  for (const add of [
    ['add', 'site', '/name:No folder', '/bindings:http/*:8081:'],
    ['add', 'site', '/name:No binding', '/physicalPath:C:\\none'],
    ['add', 'site', '/name:Twin', '/bindings:http/*:80:', '/physicalPath:C:\\twin'],
  ]) {
    assert.equal((await host.appcmd(add)).exitCode, 0);
  }
  for (const [siteId, port, code, message] of [
    [2, 8081, 'IIS_SITE_CANNOT_START', /site No folder: it has no application for \/$/],
    [3, 8082, 'IIS_SITE_CANNOT_START', /site No binding: it has no http or https binding/],
    [4, 80, 'IIS_SITE_NOT_LISTENING', /site Twin does not listen .*: its state is Stopped$/],
    [1, 8083, 'IIS_SITE_NOT_LISTENING', /site Shop does not listen .*: \*:8083 accepts no connection$/],
    [9, 80, 'IIS_SITE_UNKNOWN', /id 9$/],
  ] as const) {
    let now = 0;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    await assert.rejects(awaitListening(host, clock, { siteId, address: '*', port }), (error) => {
      assert.match((error as Error).message, message);
      return coded(code)(error);
    });
    assert.ok(now >= 14_000 && now <= 15_000, `${code} after ${now} ms`);
  }
  for (const verb of ['start', 'stop']) {
    for (const name of ['No folder', 'No binding']) {
      assert.equal((await host.appcmd([verb, 'site', name])).exitCode, 4312);
    }
  }
});
