import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { certificateNames, concreteHost } from '../../../src/iis/plan/match.ts';
import { matchesHost, parseIdentifier } from '../../../src/pki/x509/names.ts';

const names = (...texts: string[]): ReturnType<typeof certificateNames> => certificateNames(texts.map(parseIdentifier));

test('a host that the certificate names fits exactly', () => {
  equal(names('shop.example').fit('shop.example', '*'), 'exact');
  equal(names('shop.example').fit('www.shop.example', '*'), 'none');
});

test('a wildcard certificate covers exactly one label', () => {
  const wildcard = names('*.example.com');
  equal(wildcard.fit('a.example.com', '*'), 'exact');
  equal(wildcard.fit('a.b.example.com', '*'), 'none');
  equal(wildcard.fit('example.com', '*'), 'none');
  equal(wildcard.fit('*.example.com', '*'), 'exact');
  equal(wildcard.fit('*.b.example.com', '*'), 'none');
});

test('a wildcard binding fits partially when the certificate names one of its hosts', () => {
  equal(names('a.example.com').fit('*.example.com', '*'), 'partial');
  equal(names('a.b.example.com').fit('*.example.com', '*'), 'none');
});

test('a binding without host: exact for its address, a catch-all otherwise', () => {
  equal(names('192.0.2.7').fit('', '192.0.2.7'), 'exact');
  equal(names('192.0.2.7').fit('', '192.0.2.8'), 'catch-all');
  equal(names('192.0.2.7').fit('', '*'), 'catch-all');
  equal(names('2001:db8::1').fit('', '2001:db8::1'), 'exact');
  equal(names('shop.example').fit('', '*'), 'catch-all');
});

test('the identifiers that a binding serves', () => {
  const both = names('a.example.com', '*.example.com', '192.0.2.7');
  deepEqual(
    both.servedBy('a.example.com', '*').map(({ value }) => value),
    ['a.example.com', '*.example.com'],
  );
  deepEqual(
    both.servedBy('*.example.com', '*').map(({ value }) => value),
    ['a.example.com', '*.example.com'],
  );
  deepEqual(
    both.servedBy('', '192.0.2.7').map(({ value }) => value),
    ['192.0.2.7'],
  );
});

test('a wildcard binding is probed under a name of one more label', () => {
  equal(concreteHost('*.tenants.example'), 'everbind-probe.tenants.example');
  equal(concreteHost('shop.example'), 'shop.example');
});

test('property: covers says what matchesHost says of any of the names', () => {
  const label = fc.constantFrom('a', 'b', 'www', 'xn--bcher-kva');
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => [...labels, 'example'].join('.'));
  const name = fc.tuple(fc.boolean(), host).map(([wildcard, text]) => (wildcard ? `*.${text}` : text));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 6 }), host, (texts, asked) => {
      const identifiers = texts.map(parseIdentifier);
      equal(
        certificateNames(identifiers).covers(asked),
        identifiers.some((identifier) => matchesHost(identifier, asked)),
      );
    }),
  );
});
