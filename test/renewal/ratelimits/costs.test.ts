import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identifier } from '../../../src/pki/x509/names.ts';
import { failureCosts, orderCosts, registeredDomain } from '../../../src/renewal/ratelimits/costs.ts';
import { limitsOf } from '../../../src/renewal/ratelimits/known-limits.ts';

const dns = (value: string): Identifier => ({ type: 'dns', value });

describe('what an order costs', () => {
  it('the registered domain of a name, by the public suffix list with its private part', () => {
    for (const [name, domain] of [
      ['example.com', 'example.com'],
      ['a.b.example.com', 'example.com'],
      ['*.example.com', 'example.com'],
      ['www.example.co.uk', 'example.co.uk'],
      ['one.github.io', 'one.github.io'],
      ['a.one.github.io', 'one.github.io'],
      ['co.uk', 'co.uk'],
      ['shop.lab.test', 'lab.test'],
      ['localhost', 'localhost'],
    ] as const) {
      assert.equal(registeredDomain(dns(name)), domain, name);
    }
    assert.equal(registeredDomain({ type: 'ip', value: '192.0.2.7' }), '192.0.2.7');
    assert.equal(registeredDomain({ type: 'ip', value: '2001:db8:1:2:3:4:5:6' }), '2001:db8:1:2::/64');
  });

  it('one order, each domain once, the set of names whatever their order', () => {
    const names = ['b.example.com', 'example.com', 'example.org'].map(dns);
    const costs = orderCosts(names, 'none');
    assert.deepEqual(costs, [
      { kind: 'orders', subject: '' },
      { kind: 'certificatesPerDomain', subject: 'example.com' },
      { kind: 'certificatesPerDomain', subject: 'example.org' },
      { kind: 'certificatesPerSet', subject: 'b.example.com,example.com,example.org' },
    ]);
    assert.deepEqual(orderCosts(names.toReversed(), 'none').at(-1), costs.at(-1));
    assert.deepEqual(orderCosts(names, 'renewal'), costs.slice(-1));
    assert.deepEqual(orderCosts(names, 'ari-window'), []);
  });

  it('long sets are told apart though they are not spelled out', () => {
    const many = Array.from({ length: 100 }, (_, index) => dns(`host-${index}.example.com`));
    const subject = (names: readonly Identifier[]): string => orderCosts(names, 'renewal')[0]?.subject ?? '';
    assert.ok(subject(many).length < 250);
    assert.notEqual(subject(many), subject(many.slice(0, -1)));
    assert.notEqual(subject(many), subject([...many.slice(0, -1), dns('other.example.com')]));
  });

  it('a validation that fails: of the name below the wildcard, once', () => {
    assert.deepEqual(failureCosts(['*.example.com', 'example.com']), [
      { kind: 'failures', subject: 'example.com' },
      { kind: 'consecutiveFailures', subject: 'example.com' },
    ]);
  });
});

describe('the limits of an issuer', () => {
  const production = 'https://acme-v02.api.letsencrypt.org/directory';

  it("Let's Encrypt's are known, for production and for staging; of others nothing is", () => {
    const known = limitsOf({ directory: production, limits: null });
    assert.deepEqual(known.orders, { count: 300, hours: 3 });
    assert.deepEqual(known.certificatesPerDomain, { count: 50, hours: 168 });
    assert.deepEqual(known.certificatesPerSet, { count: 5, hours: 168 });
    assert.deepEqual(known.failures, { count: 5, hours: 1 });
    assert.equal(known.exemptRenewals, true);
    const staging = limitsOf({ directory: 'https://acme-staging-v02.api.letsencrypt.org/directory', limits: null });
    assert.deepEqual(staging.orders, { count: 1500, hours: 3 });
    const other = limitsOf({ directory: 'https://ca.test/dir', limits: null });
    assert.deepEqual(Object.values(other), [null, null, null, null, null, false]);
  });

  it('the configuration adds to what is known, or replaces it, or switches it off', () => {
    const orders = { count: 2, hours: 1 };
    const changed = limitsOf({ directory: production, limits: { known: true, orders } });
    assert.deepEqual([changed.orders, changed.failures], [orders, { count: 5, hours: 1 }]);
    const own = limitsOf({ directory: production, limits: { known: false, orders } });
    assert.deepEqual([own.orders, own.failures, own.exemptRenewals], [orders, null, false]);
    assert.deepEqual(limitsOf({ directory: 'https://ca.test/dir', limits: { known: true, orders } }).orders, orders);
  });
});
