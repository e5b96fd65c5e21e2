import { deepEqual, match } from 'node:assert/strict';
import { test } from 'node:test';
import { distinctHosts, namesOfSites } from '../../../src/iis/plan/site-names.ts';
import { site } from '../fixtures.ts';

test('a host in several spellings, on several ports and in several sites, is one name', () => {
  const spelled = site('Case', [
    'https *:443:Shop.Example 1',
    'https *:8443:shop.example. 1',
    'https *:443:Bücher.example 1',
    'https *:8443:XN--bcher-kva.example 1',
    'https *:444: 0',
  ]);
  const other = site('Other', ['https *:9443:SHOP.EXAMPLE 1', 'https *:443:*.Tenants.example 1']);
  deepEqual(namesOfSites([spelled, other]), {
    names: ['shop.example', 'bücher.example', '*.tenants.example'],
    aside: [],
  });
});

test('a site without https bindings has the hosts of its http bindings', () => {
  const plain = site('Plain', ['http *:80:Www.shop.example', 'http *:8080:www.shop.example']);
  deepEqual(namesOfSites([plain]).names, ['www.shop.example']);
});

test('a host that no certificate can have is set aside with the reason', () => {
  const { names, aside } = namesOfSites([site('Odd', ['https *:443:a_b.example 1', 'https *:443:shop.example 1'])]);
  deepEqual([names, aside.map(({ host }) => host)], [['shop.example'], ['a_b.example']]);
  match(aside[0]?.reason ?? '', /underscore/);
});

test('names that somebody types are one name however they are written', () => {
  deepEqual(distinctHosts(['A.example', 'a.example.', '192.0.2.7', 'xn--bcher-kva.example', 'bücher.example']), [
    'a.example',
    '192.0.2.7',
    'bücher.example',
  ]);
});
