import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseHttpMode, type HttpMode } from '../../../src/challenge/http-01/choose-mode.ts';
import { sitesFor } from '../../../src/challenge/http-01/sites.ts';
import type { SiteInventory } from '../../../src/iis/config/inventory-types.ts';
import type { InboundAccess } from '../../../src/ports/windows-host.ts';
import { site } from '../support.ts';

const shop = site('shop', [
  ['http', '*:80:shop.example'],
  ['https', '*:443:shop.example'],
]);
const MODES = ['http.sys', 'webroot', 'listener'] as const;

/** Sites, each with whether one of them receives http for shop.example on port 80. */
const iis: readonly (readonly [what: string, sites: readonly SiteInventory[], serves: boolean])[] = [
  ['a site for the name', [shop], true],
  ['a site for every name', [site('any', [['http', '*:80:']])], true],
  ['a site on a share', [site('unc', [['http', '*:80:shop.example']], { rootPath: '\\\\nas\\web' })], true],
  ['no site', [], false],
  ['sites for other names', [site('other', [['http', '*:80:other.example']])], false],
  ['another port', [site('a', [['http', '*:8080:shop.example']])], false],
  ['https alone', [site('a', [['https', '*:80:shop.example']])], false],
  ['all sites stopped', [{ ...shop, state: 'Stopped' }], false],
];

/** What the first of these that has not failed is; by hand, from docs/challenges.md. */
function expectedOrder(elevated: boolean, serves: boolean, access: InboundAccess): readonly string[] {
  const [webroot, listener] = [serves ? ['webroot'] : [], access === 'allowed' ? ['listener'] : []];
  return elevated ? ['http.sys', ...webroot, ...listener] : webroot;
}

const CODES: Readonly<Record<string, string>> = {
  'http.sys true': 'elevated',
  'webroot true': 'http-sys-refused',
  'webroot false': 'not-elevated',
  'listener true': 'inbound-rule',
};

/** Every set of modes that may have failed. */
const failures = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (bits) => new Map(MODES.filter((_, index) => (bits >> index) % 2 === 1).map((mode) => [mode, `${mode} said no`])),
);

for (const [what, sites, serves] of iis) {
  test(`auto on Windows, every combination of rights, firewall and failures: ${what}`, () => {
    for (const elevated of [true, false]) {
      for (const listenerAccess of ['allowed', 'blocked', 'unknown'] as const) {
        for (const failed of failures) {
          // With rights http.sys is asked first: nothing else has failed unless it has.
          if (failed.has('http.sys') !== failed.size > 0 && elevated) continue;
          const choice = chooseHttpMode({
            name: 'shop.example',
            config: { path: null, port: 80 },
            windows: { elevated, sites, listenerAccess },
            failed,
          });
          const order = expectedOrder(elevated, serves, listenerAccess);
          const expected = order.find((mode) => !failed.has(mode as HttpMode)) ?? null;
          const facts = JSON.stringify({ elevated, listenerAccess, failed: [...failed.keys()] });
          assert.equal(choice.mode, expected, facts);
          if (choice.mode !== null) {
            assert.equal(choice.code, CODES[`${choice.mode} ${elevated}`], facts);
            assert.notEqual(choice.reason, '', facts);
          } else {
            // Each mode that was not tried has its reason.
            assert.equal(/not elevated/.test(choice.reason), !elevated, facts);
            assert.equal(/no started IIS site/.test(choice.reason), !serves, facts);
            assert.equal(/Windows firewall/.test(choice.reason), elevated && listenerAccess !== 'allowed', facts);
          }
        }
      }
    }
  });
}

const windows = { elevated: true, sites: [shop], listenerAccess: 'allowed' } as const;
const nothing = new Map<HttpMode, string>();

for (const [what, config, host, mode, code] of [
  ['a folder is configured', { path: 'D:\\acme' }, windows, 'webroot', 'path-configured'],
  ['a folder without rights', { path: 'D:\\acme' }, { ...windows, elevated: false }, 'webroot', 'path-configured'],
  ['no IIS', {}, null, 'listener', 'no-windows-host'],
] as const) {
  test(`mode: ${what}, and when it has failed no other is tried`, () => {
    const facts = {
      name: 'shop.example',
      config: { path: null, port: 80, ...config },
      windows: host,
    } as const;
    const choice = chooseHttpMode({ ...facts, failed: nothing });
    assert.deepEqual([choice.mode, 'code' in choice ? choice.code : null], [mode, code]);
    assert.notEqual(choice.reason, '');
    assert.deepEqual(chooseHttpMode({ ...facts, failed: new Map([[mode, 'no']]) }), { mode: null, reason: '' });
  });
}

const sites = [
  site('catch-all', [['http', '*:80:']]),
  site('named', [['http', '192.0.2.5:80:shop.example']]),
  site('everywhere', [['http', '*:80:SHOP.example']]),
  site('tenants', [['http', '*:80:*.tenants.example']]),
  site('deeper', [['http', '*:80:*.eu.tenants.example']]),
  site('by address', [['http', '192.0.2.9:80:']]),
  site('stopped', [['http', '*:80:old.example']], { state: 'Stopped' }),
  site('unicode', [['http', '*:80:bücher.example']]),
  site('queue', [['net.tcp', '808:*']]),
];

const answering: readonly (readonly [host: string, by: string, names: readonly string[]])[] = [
  ['shop.example', 'name', ['named', 'everywhere']],
  ['a.tenants.example', 'name', ['tenants']],
  ['a.eu.tenants.example', 'name', ['deeper']],
  ['192.0.2.9', 'name', ['by address']],
  ['192.0.2.10', 'catch-all', ['by address', 'catch-all']],
  ['old.example', 'catch-all', ['by address', 'catch-all']],
  ['xn--bcher-kva.example', 'name', ['unicode']],
];

for (const [host, by, names] of answering) {
  test(`${host} is received by ${names.join(', ')}`, () => {
    const found = sitesFor(sites, 'http', host, 80);
    assert.equal(found?.by, by);
    assert.deepEqual(
      found?.sites.map((one) => one.site.name),
      names,
    );
  });
}

test('no site is bound to another port or protocol', () => {
  assert.equal(sitesFor(sites, 'http', 'shop.example', 8080), null);
  assert.equal(sitesFor(sites, 'https', 'shop.example', 443), null);
});
