import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseHttpMode, type HttpModeFacts } from '../../../src/challenge/http-01/choose-mode.ts';
import { sitesFor } from '../../../src/challenge/http-01/sites.ts';
import { site } from '../support.ts';

const shop = site('shop', [
  ['http', '*:80:shop.example'],
  ['https', '*:443:shop.example'],
]);
const auto: HttpModeFacts['config'] = { mode: 'auto', path: null, port: 80 };
const windows = { elevated: true, sites: [shop] };

const cases: readonly (readonly [what: string, facts: HttpModeFacts, mode: string, code: string])[] = [
  [
    'a configured mode holds',
    { config: { ...auto, mode: 'webroot' }, windows, refusal: null },
    'webroot',
    'configured',
  ],
  [
    'a configured mode holds without IIS',
    { config: { ...auto, mode: 'http.sys' }, windows: null, refusal: null },
    'http.sys',
    'configured',
  ],
  ['IIS shares the port', { config: auto, windows, refusal: null }, 'http.sys', 'shared-with-iis'],
  [
    'a folder is configured',
    { config: { ...auto, path: 'D:\\acme' }, windows, refusal: null },
    'webroot',
    'path-configured',
  ],
  ['http.sys has refused', { config: auto, windows, refusal: 'taken' }, 'webroot', 'http-sys-refused'],
  ['no rights', { config: auto, windows: { ...windows, elevated: false }, refusal: null }, 'webroot', 'not-elevated'],
  ['no IIS', { config: auto, windows: null, refusal: null }, 'listener', 'no-windows-host'],
  ['IIS on another port', { config: { ...auto, port: 8080 }, windows, refusal: null }, 'listener', 'no-iis-on-port'],
  [
    'all sites stopped',
    { config: auto, windows: { elevated: true, sites: [{ ...shop, state: 'Stopped' }] }, refusal: null },
    'listener',
    'no-iis-on-port',
  ],
  [
    'https alone is not port 80',
    { config: auto, windows: { elevated: true, sites: [site('a', [['https', '*:80:']])] }, refusal: null },
    'listener',
    'no-iis-on-port',
  ],
];

for (const [what, facts, mode, code] of cases) {
  test(`mode: ${what}`, () => {
    const choice = chooseHttpMode(facts);
    assert.equal(choice.mode, mode);
    assert.equal(choice.code, code);
    assert.notEqual(choice.reason, '');
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
