import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindingHosts, unboundHosts } from '../../../src/iis/plan/unbound.ts';
import { site } from '../fixtures.ts';

const shop = site('Shop', ['http *:80:www.shop.example', 'https *:443:Shop.example 1', 'https *:443:*.api.example 1'], {
  id: 7,
});

test('a host that only http or no binding serves is unbound, and its binding goes to the first site', () => {
  const names = ['shop.example', 'www.shop.example', 'a.api.example', 'a.b.api.example', 'WWW.shop.example.'];
  const hosts = ['www.shop.example', 'a.b.api.example'];
  assert.deepEqual(
    unboundHosts(names, [shop, site('Other', [])]),
    hosts.map((host) => ({ site: 'Shop', host })),
  );
  assert.deepEqual(unboundHosts(['x.example'], [{ ...shop, name: '' }]), [{ site: 'id:7', host: 'x.example' }]);
});

test('any of the sites will do, and non-ASCII hosts are compared as A-labels', () => {
  const blog = site('Bücher', ['https *:443:bücher.example 1']);
  assert.deepEqual(unboundHosts(['xn--bcher-kva.example', 'shop.example'], [shop, blog]), []);
  assert.deepEqual(unboundHosts(['*.api.example', '*.shop.example'], [shop]), [
    { site: 'Shop', host: '*.shop.example' },
  ]);
});

test('nothing is unbound where a binding serves every host, for addresses, and without sites', () => {
  assert.deepEqual(unboundHosts(['x.example'], [shop, site('Any', ['https *:8443:'])]), []);
  assert.deepEqual(unboundHosts(['192.0.2.7', '2001:db8::7'], [shop]), []);
  assert.deepEqual(unboundHosts(['x.example'], []), []);
});

test('hosts of bindings are those of one protocol, as written', () => {
  assert.deepEqual(bindingHosts([shop], 'https'), ['Shop.example', '*.api.example']);
  assert.deepEqual(bindingHosts([shop], 'http'), ['www.shop.example']);
});
