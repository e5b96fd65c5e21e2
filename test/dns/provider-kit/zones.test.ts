import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestZone, relativeName, walkUp, zoneCandidates } from '../../../src/dns/provider-kit/zones.ts';

describe('the zone of a name', () => {
  it('is looked for from the name itself up to the registered domain', () => {
    assert.deepEqual(zoneCandidates('_acme-challenge.www.shop.example.co.uk'), [
      '_acme-challenge.www.shop.example.co.uk',
      'www.shop.example.co.uk',
      'shop.example.co.uk',
      'example.co.uk',
    ]);
    assert.deepEqual(zoneCandidates('_acme-challenge.app.github.io').at(-1), 'github.io');
    assert.deepEqual(zoneCandidates('_acme-challenge.intranet.corp').at(-1), 'intranet.corp');
  });

  it('is never a public suffix', () => {
    for (const name of ['co.uk', 'www.example.co.uk', 'a.b.example.com', 'com']) {
      const above = zoneCandidates(name).slice(1);
      for (const suffix of ['co.uk', 'com', 'uk']) assert.ok(!above.includes(suffix), `${name}: ${above.join(' ')}`);
    }
  });

  it('is the first one that the host has', async () => {
    const asked: string[] = [];
    const ask = (name: string): Promise<number | null> => {
      asked.push(name);
      return Promise.resolve(name === 'shop.example' ? 7 : null);
    };
    assert.deepEqual(await walkUp('Host', 'a.shop.example', ask), { name: 'shop.example', key: 7 });
    assert.deepEqual(asked, ['a.shop.example', 'shop.example']);
    await assert.rejects(walkUp('Host', 'a.other.example', ask), { code: 'DNS_ZONE_NOT_FOUND' });
  });

  it('is the longest one of a list', () => {
    const zones = new Map([
      ['example.com', 1],
      ['shop.example.com', 2],
    ]);
    assert.equal(longestZone('Host', 'a.shop.example.com', zones).key, 2);
    assert.equal(longestZone('Host', 'ashop.example.com', zones).key, 1);
    assert.throws(() => longestZone('Host', 'example.org', zones), { code: 'DNS_ZONE_NOT_FOUND' });
  });

  it('is cut from the name', () => {
    assert.equal(relativeName('a.b.example.com', 'example.com'), 'a.b');
    assert.equal(relativeName('example.com', 'example.com'), '@');
    assert.equal(relativeName('example.com', 'example.com', ''), '');
  });
});
