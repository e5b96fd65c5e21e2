import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { declareCertificates } from '../../../lab/demo/declare.ts';
import { recordOf } from '../../../lab/demo/names.ts';
import { parseApplicationHost } from '../../../src/iis/config/application-host.ts';
import { inventoryOfConfiguration } from '../../../src/iis/config/application-host-inventory.ts';
import { siteText } from '../../../src/iis/config/inventory-types.ts';
import { recordKeyId } from '../../../src/iis/records/ssl-record.ts';
import { configuration } from './odd-configurations.ts';

const host = fc.constantFrom('', 'a.odd.test', 'B.odd.test', '*.odd.test', 'x_y.odd.test', '192.0.2.1', 'localhost');
const address = fc.constantFrom('*', '', '127.0.0.9', '192.0.2.1', '[::1]', '[2001:db8::1]', 'nowhere');
const binding = fc.record({
  protocol: fc.constantFrom('https', 'https', 'https', 'http', 'ftp'),
  info: fc
    .tuple(address, fc.constantFrom('443', '80', '8443', '', '0'), host)
    .map(([where, port, name]) => `${where}:${port}:${name}`),
  flags: fc.constantFrom('0', '1', '2', '3', '33', 'x'),
});
const site = fc.record({
  name: fc.constantFrom('A', 'a', 'B', 'C', ''),
  id: fc.constantFrom('1', '2', '3', '4', '', '0'),
  bindings: fc.array(binding, { maxLength: 6 }),
});

test('every https binding is declared once or refused with a reason', () => {
  fc.assert(
    fc.property(fc.array(site, { maxLength: 8 }), (sites) => {
      const inventory = inventoryOfConfiguration(parseApplicationHost(configuration(sites)));
      const { certificates, refused } = declareCertificates(inventory);
      for (const one of inventory.sites) {
        for (const https of one.bindings.filter(({ protocol }) => protocol === 'https')) {
          const key = recordOf(https);
          const holders = certificates.filter(({ records }) => key !== null && records.has(recordKeyId(key)));
          const reason = refused.find((entry) => entry.site === siteText(one) && entry.binding === https.text);
          assert.ok(holders.length === 1 || (reason?.reason ?? '') !== '', https.text);
          assert.ok(holders.length <= 1, 'one certificate for a record');
        }
      }
      assert.equal(new Set(certificates.map(({ name }) => name)).size, certificates.length);
      for (const { names, sites: named } of certificates) {
        assert.ok(names.length > 0 && names.length <= 100);
        // A CA connects to an address itself, so none but loopback may be ordered.
        for (const name of names) assert.ok(isIP(name) === 0 || name.startsWith('127.'), name);
        const lower = (named ?? []).map((text) => text.toLowerCase());
        assert.equal(new Set(lower).size, lower.length);
      }
    }),
    { numRuns: 500 },
  );
});
