import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iisEndpoints, listenerEndpoints } from '../../../src/challenge/http-01/endpoints.ts';
import { memoizeFor } from '../../../src/concurrency/memoize-for.ts';
import { site } from '../support.ts';

const sites = [
  site('shop', [
    ['http', '192.0.2.5:80:shop.test'],
    ['http', '*:80:shop.test'],
    ['https', '192.0.2.5:443:shop.test'],
  ]),
  site('rest', [['http', '*:80:']]),
];

/** Returns the question itself. */
const host = { endpoints: async (address: string, port: number) => [{ address: `here ${address}`, port }] };
const at = iisEndpoints(host, async () => sites, 80);

test('a host is looked for at the addresses that its sites are bound to', async () => {
  assert.deepEqual(await at('shop.test', 80, 'shop.test'), [
    { address: 'here 192.0.2.5', port: 80 },
    { address: 'here *', port: 80 },
  ]);
  assert.deepEqual(await at('shop.test', 443, 'shop.test'), [{ address: 'here 192.0.2.5', port: 443 }]);
});

test('requests for the name being validated are received here, whatever the bindings', async () => {
  assert.deepEqual(await at('other.test', 80, 'other.test'), [{ address: 'here *', port: 80 }]);
  assert.deepEqual(await at('other.test', 443, 'other.test'), [{ address: 'here *', port: 443 }]);
  const inner = iisEndpoints(host, async () => [], 8080);
  assert.deepEqual(await inner('shop.test', 80, 'shop.test'), [{ address: 'here *', port: 8080 }]);
});

test('a redirect to a name that a binding has stays here, one to any other leaves, catch-all site or not', async () => {
  assert.deepEqual(await at('shop.test', 443, 'other.test'), [{ address: 'here 192.0.2.5', port: 443 }]);
  assert.deepEqual(await at('198.51.100.7', 80, 'other.test'), [{ address: '198.51.100.7', port: 80 }]);
  assert.deepEqual(await at('198.51.100.7', 443, 'other.test'), [{ address: '198.51.100.7', port: 443 }]);
  assert.deepEqual(await at('nowhere.invalid', 80, 'other.test'), []);
  const [local] = await at('localhost', 80, 'other.test');
  assert.equal(local?.port, 80);
});

test('a listener of our own receives requests for the name being validated, on its port, and nothing else', async () => {
  assert.deepEqual(await listenerEndpoints('127.0.0.7', 8080)('a.test', 80, 'a.test'), [
    { address: '127.0.0.7', port: 8080 },
  ]);
  assert.deepEqual(
    (await listenerEndpoints(null, 8080)('a.test', 80, 'a.test')).map(({ address }) => address),
    ['127.0.0.1', '::1'],
  );
  assert.deepEqual(await listenerEndpoints(null, 8080)('192.0.2.1', 80, 'a.test'), [
    { address: '192.0.2.1', port: 80 },
  ]);
  assert.deepEqual(await listenerEndpoints(null, 8080)('nowhere.invalid', 443, 'a.test'), []);
});

test('what was read is remembered for its time, a failure is not', async () => {
  let now = 0;
  let reads = 0;
  let failing = true;
  const read = memoizeFor(100, { now: () => now }, async () => {
    reads += 1;
    if (failing) throw new Error('down');
    return reads;
  });
  await assert.rejects(Promise.all([read(), read()]));
  assert.equal(reads, 1);
  failing = false;
  assert.deepEqual(await Promise.all([read(), read()]), [2, 2]);
  now = 99;
  assert.equal(await read(), 2);
  now = 100;
  assert.equal(await read(), 3);
});
