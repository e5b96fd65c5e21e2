import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CaaProperty, type CaaQuestion, decideCaa } from '../../../src/dns/wire/caa.ts';
import { parseCaaValue } from '../../../src/dns/wire/caa-value.ts';

const OURS: CaaQuestion = {
  name: 'www.shop.example.com',
  identities: ['ca.test', 'ca.example'],
  accountUrl: 'https://ca.test/account/7',
  challenge: 'http-01',
};

const issue = (value: string, tag = 'issue', flags = 0): CaaProperty => ({ flags, tag, value });

/** What is decided with these records at these names, and which names were looked up. */
async function decide(
  zone: Readonly<Record<string, readonly CaaProperty[]>>,
  changes: Partial<CaaQuestion> = {},
): Promise<{ decision: unknown; asked: readonly string[] }> {
  const asked: string[] = [];
  const decision = await decideCaa({ ...OURS, ...changes }, (name) => {
    asked.push(name);
    return Promise.resolve(zone[name] ?? []);
  });
  return { decision, asked };
}

describe('CAA', () => {
  it('lets everybody issue where no name up to the top has records', async () => {
    const { decision, asked } = await decide({});
    assert.deepEqual(decision, { allowed: true, foundAt: null });
    assert.deepEqual(asked, ['www.shop.example.com', 'shop.example.com', 'example.com', 'com']);
  });

  it('the first name that has records decides, whatever stands above it', async () => {
    const { decision, asked } = await decide({
      'shop.example.com': [issue('ca.test')],
      'example.com': [issue('other.test')],
    });
    assert.deepEqual(decision, { allowed: true, foundAt: 'shop.example.com' });
    assert.deepEqual(asked, ['www.shop.example.com', 'shop.example.com', 'example.com', 'com']);
  });

  it('a lookup that fails counts where no name below has records, and only there', async () => {
    const failing = (name: string, below: readonly CaaProperty[]): Promise<unknown> =>
      decideCaa(OURS, (at) => {
        if (at === name) return Promise.reject(new Error(at));
        return Promise.resolve(at === 'shop.example.com' ? below : []);
      });
    await assert.rejects(failing('example.com', []), { message: 'example.com' });
    await assert.rejects(failing('www.shop.example.com', [issue('ca.test')]), { message: 'www.shop.example.com' });
    assert.deepEqual(await failing('example.com', [issue('ca.test')]), { allowed: true, foundAt: 'shop.example.com' });
  });

  const refusals: readonly [string, readonly CaaProperty[], Partial<CaaQuestion>, string | null][] = [
    ['another CA', [issue('other.test')], {}, 'other-ca'],
    ['nobody', [issue(';')], {}, 'nobody'],
    ['another account', [issue('ca.test; accounturi=https://ca.test/account/8')], {}, 'other-account'],
    ['an account, and there is none yet', [issue('ca.test; accounturi=x')], { accountUrl: null }, 'other-account'],
    ['this account', [issue('ca.test; accounturi=https://ca.test/account/7')], {}, null],
    [
      'two accounts in one value',
      [issue('ca.test; accounturi=https://ca.test/account/7; accounturi=https://ca.test/account/7')],
      {},
      'other-account',
    ],
    ['another method', [issue('ca.example; validationmethods=dns-01')], {}, 'other-method'],
    ['the closest of several', [issue('other.test'), issue('ca.test; validationmethods=dns-01')], {}, 'other-method'],
    ['one of several', [issue('other.test'), issue('CA.TEST')], {}, null],
    ['an unknown critical tag', [issue('ca.test'), issue('x', 'future', 128)], {}, 'unknown-critical'],
    ['an unknown tag', [issue('x', 'future')], {}, null],
    ['wildcards by another CA', [issue('ca.test'), issue('other.test', 'issuewild')], {}, null],
    [
      'wildcards by another CA, for one',
      [issue('ca.test'), issue('other.test', 'issuewild')],
      { name: '*.www.shop.example.com' },
      'other-ca',
    ],
    ['us alone, for a wildcard', [issue('ca.test')], { name: '*.www.shop.example.com' }, null],
  ];
  for (const [what, records, changes, expected] of refusals) {
    it(`names ${what}: ${expected ?? 'allowed'}`, async () => {
      const { decision } = await decide({ 'www.shop.example.com': records }, changes);
      assert.equal((decision as { reason?: string }).reason ?? null, expected);
    });
  }

  it('rejects as the lookup does', async () => {
    const failure = new Error('SERVFAIL');
    await assert.rejects(
      decideCaa(OURS, () => Promise.reject(failure)),
      failure,
    );
  });
});

describe('the value of an issue property', () => {
  it('is read back as it was written, and never half', () => {
    const tag = fc.stringMatching(/^[a-zA-Z0-9]{1,12}$/);
    const value = fc.stringMatching(/^[!-:<-~]{0,20}$/);
    fc.assert(
      fc.property(
        fc.array(fc.record({ tag, value }, { noNullPrototype: true }), { maxLength: 5 }),
        fc.boolean(),
        (parameters, end) => {
          const text = ['ca.test', ...parameters.map((one) => `${one.tag}=${one.value}`)].join(' ;\t');
          assert.deepEqual(parseCaaValue(end ? `${text};` : text), { domain: 'ca.test', parameters });
          assert.equal(parseCaaValue(`${text}; a b`), null);
        },
      ),
    );
  });
});
