import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { allPages } from '../../../src/dns/provider-kit/pages.ts';
import { poll } from '../../../src/dns/provider-kit/poll.ts';
import { quoteTxt, unquoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { escapeXml, parseXml, textAt } from '../../../src/dns/provider-kit/xml.ts';
import { walkUp } from '../../../src/dns/provider-kit/zones.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Clock } from '../../../src/ports/clock.ts';

/** A clock that sleeps without waiting. */
function quickClock(): Clock & { time: number } {
  const clock = {
    time: 0,
    now: () => clock.time,
    sleep: (ms: number) => {
      clock.time += ms;
      return Promise.resolve();
    },
  };
  return clock;
}

test('TXT in presentation form: any value comes back, also from several strings', () => {
  const ascii = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(ascii, (value) => unquoteTxt(quoteTxt(value)) === value));
  fc.assert(fc.property(ascii, ascii, (a, b) => unquoteTxt(`${quoteTxt(a)} ${quoteTxt(b)}`) === a + b));
  assert.equal(unquoteTxt('"\\065\\"\\\\"'), 'A"\\');
  for (const plain of ['value', '"half', 'half"', '"a" b', '']) assert.equal(unquoteTxt(plain), plain);
});

test('XML of a host: text comes back, and nothing but plain documents is read', () => {
  const unit = fc.integer({ min: 0x20, max: 0x2fff }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const document = parseXml(`<a x="1"><b:c xmlns:b="urn:b">${escapeXml(text)}</b:c></a>`);
      return document !== null && textAt(document, 'c') === text;
    }),
  );
  const refused = [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><a/>',
    '<a>&unknown;</a>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    `${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}`,
    `<a>${'<b/>'.repeat(200_000)}</a>`,
  ];
  for (const text of refused) assert.equal(parseXml(text), null, text.slice(0, 60));
});

test('waiting for a host ends after two minutes', async () => {
  let clock = quickClock();
  let asked = 0;
  await poll('host', clock, () => Promise.resolve((asked += 1) === 3));
  assert.deepEqual([asked, clock.time], [3, 750]);
  clock = quickClock();
  await assert.rejects(
    poll('host', clock, () => Promise.resolve(false)),
    { code: 'DNS_PROVIDER_FAILED' },
  );
  assert.ok(clock.time >= 120_000 && clock.time < 140_000, String(clock.time));
});

test('credentials for one zone: 403 for names that are no zones does not count until none is left', async () => {
  const refused = (host: string, status: number) => () =>
    Promise.reject(
      new EverbindError('DNS_CREDENTIALS_REFUSED', 'refused', { host }, { facts: { httpStatus: status } }),
    );
  const name = '_acme-challenge.www.example.com';
  const found = await walkUp('host', name, (candidate) =>
    candidate === 'example.com' ? Promise.resolve(1) : refused('host', 403)(),
  );
  assert.deepEqual(found, { name: 'example.com', key: 1 });
  await assert.rejects(walkUp('host', name, refused('host', 403)), { code: 'DNS_CREDENTIALS_REFUSED' });
  let asked = 0;
  const count = (fail: () => Promise<never>) => () => {
    asked += 1;
    return fail();
  };
  const failed = () =>
    Promise.reject(
      new EverbindError('DNS_PROVIDER_FAILED', 'failed', { host: 'host' }, { facts: { httpStatus: 500 } }),
    );
  for (const fail of [refused('host', 401), refused('sign-in', 403), failed]) {
    asked = 0;
    await assert.rejects(walkUp('host', name, count(fail)));
    assert.equal(asked, 1);
  }
});

test('pages: all of them in their order, and not for ever', async () => {
  const asked: number[] = [];
  const counted = await allPages('host', 1, async (page) => {
    asked.push(page);
    return { items: [`a${page}`, `b${page}`], next: page === 3 ? null : page + 1 };
  });
  assert.deepEqual(
    [counted, asked],
    [
      ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'],
      [1, 2, 3],
    ],
  );
  const endless = allPages('host', 1, async (page) => ({ items: [], next: page + 1 }));
  await assert.rejects(endless, { code: 'DNS_PROVIDER_FAILED' });
});
