import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { describeServed } from '../../src/verify/describe.ts';
import { makeCertificate, makeHierarchy } from './certificates.ts';

const DAY_MS = 24 * 3600 * 1000;
const at = (der: Uint8Array, host: string, days: number): ReturnType<typeof describeServed> =>
  describeServed({ chain: [der], protocol: 'TLSv1.3' }, host, Date.now() + days * DAY_MS);

test('a sound certificate: names, issuer, days left, no problem', async () => {
  const { leaf } = await makeHierarchy(['shop.test', '*.shop.test']);
  const described = at(leaf.der, 'a.shop.test', 0.5);
  assert.deepEqual(described.problems, []);
  assert.deepEqual(described.names, ['shop.test', '*.shop.test']);
  assert.equal(described.thumbprint, leaf.thumbprint);
  assert.equal(described.issuer, 'CN=lower');
  assert.equal(described.subject, 'CN=shop.test');
  assert.equal(described.daysLeft, 29);
  assert.equal(described.protocol, 'TLSv1.3');
});

test('each problem has its code', async () => {
  const { leaf } = await makeHierarchy(['shop.test']);
  assert.deepEqual(at(leaf.der, 'shop.test', 31).problems, ['VERIFY_EXPIRED']);
  assert.equal(at(leaf.der, 'shop.test', 31).daysLeft, -2);
  assert.deepEqual(at(leaf.der, 'shop.test', -2).problems, ['VERIFY_NOT_YET_VALID']);
  assert.deepEqual(at(leaf.der, 'other.test', 0).problems, ['VERIFY_NAME_MISMATCH']);
  assert.deepEqual(at(leaf.der, '', 0).problems, []);
  const own = await makeCertificate({ commonName: 'own', names: ['own.test'] });
  assert.deepEqual(at(own.der, 'own.test', 0).problems, ['VERIFY_SELF_SIGNED']);
  assert.deepEqual(at(own.der, 'shop.test', 40).problems, [
    'VERIFY_EXPIRED',
    'VERIFY_SELF_SIGNED',
    'VERIFY_NAME_MISMATCH',
  ]);
});

test('the last second counts as valid', async () => {
  const { leaf } = await makeHierarchy(['shop.test']);
  const { notAfter } = at(leaf.der, '', 0);
  const served = { chain: [leaf.der], protocol: 'TLSv1.2' };
  assert.deepEqual(describeServed(served, '', (notAfter ?? 0) + 999).problems, []);
  assert.deepEqual(describeServed(served, '', (notAfter ?? 0) + 1000).problems, ['VERIFY_EXPIRED']);
});

test('property: octets of any kind are described, never thrown at', async () => {
  const { leaf } = await makeHierarchy(['shop.test']);
  assert.deepEqual(describeServed({ chain: [], protocol: '' }, '', 0).problems, ['VERIFY_UNREADABLE']);
  fc.assert(
    fc.property(fc.nat(leaf.der.length - 1), fc.nat(255), fc.boolean(), (position, octet, cut) => {
      const der = Uint8Array.from(leaf.der);
      der[position] = octet;
      const described = describeServed(
        { chain: [cut ? der.subarray(0, position) : der], protocol: '' },
        'shop.test',
        Date.now(),
      );
      assert.equal(described.problems.includes('VERIFY_UNREADABLE'), described.notAfter === null);
    }),
    { numRuns: 300 },
  );
});
