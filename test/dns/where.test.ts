import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askAuthority } from '../../src/dns/authority.ts';
import { followDelegation } from '../../src/dns/delegation.ts';
import type { DnsMessage, RecordData } from '../../src/dns/wire/message.ts';
import { OWN_RESOLVER, waitForPropagation } from '../../src/dns/propagation.ts';
import type { Resolver } from '../../src/dns/resolver.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { answerWith } from './support.ts';

/**
 * What the servers of a small Internet say; absent means: no response. Keys: `address type name`, `resolver type name`.
 */
type Answers = Record<string, DnsMessage | (() => DnsMessage)>;

const soa: RecordData = { type: 'SOA', primary: 'ns1.example.com' };
const silent = (): never => {
  throw new EverbindError('DNS_QUERY_FAILED', 'no answer', { reason: 'ETIMEDOUT' });
};

function internet(answers: Answers): { resolver: Resolver; asked: string[] } {
  const asked: string[] = [];
  const say = (who: string, type: string, name: string): Promise<DnsMessage> => {
    const key = `${who} ${type} ${name}`;
    asked.push(key);
    const answer = answers[key] ?? (who === 'resolver' ? answerWith(name, [], { rcode: 'NXDOMAIN' }) : silent);
    return Promise.resolve().then(() => (typeof answer === 'function' ? answer() : answer));
  };
  return {
    asked,
    resolver: {
      lookup: (name, type) => say('resolver', type, name),
      ask: ({ address }, name, type) => say(address, type, name),
      addresses: async (host) => {
        const found = await Promise.all((['A', 'AAAA'] as const).map((type) => say('resolver', type, host)));
        return found.flatMap(({ answers: records }) =>
          records.flatMap(({ data }) => (data.type === 'A' || data.type === 'AAAA' ? [data.address] : [])),
        );
      },
    },
  };
}

/** example.com with ns1 (192.0.2.1 and 2001:db8::1) and ns2 (192.0.2.2). */
const zone: Answers = {
  'resolver SOA www.example.com': answerWith('x', [], { authority: answerWith('example.com', [soa]).answers }),
  'resolver SOA example.com': answerWith('example.com', [soa]),
  'resolver NS example.com': answerWith('example.com', [
    { type: 'NS', target: 'ns1.example.com' },
    { type: 'NS', target: 'ns2.example.com' },
  ]),
  'resolver A ns1.example.com': answerWith('x', [{ type: 'A', address: '192.0.2.1' }]),
  'resolver AAAA ns1.example.com': answerWith('x', [{ type: 'AAAA', address: '2001:db8::1' }]),
  'resolver A ns2.example.com': answerWith('x', [{ type: 'A', address: '192.0.2.2' }]),
};
const NAME = '_acme-challenge.www.example.com';
const aa = { authoritative: true };
const txt = (...texts: readonly string[]): DnsMessage =>
  answerWith(
    NAME,
    texts.map((text) => ({ type: 'TXT' as const, text })),
    aa,
  );
const everywhere = (type: string, name: string, answer: DnsMessage): Answers =>
  Object.fromEntries(
    ['192.0.2.1', '2001:db8::1', '192.0.2.2'].map((address) => [`${address} ${type} ${name}`, answer]),
  );

function fastClock(): Clock {
  let now = 0;
  return { now: () => now, sleep: async (ms) => void (now += ms) };
}

describe('the servers of a zone', () => {
  it('are asked themselves; the resolver is not asked about the name', async () => {
    const { resolver, asked } = internet({ ...zone, ...everywhere('TXT', NAME, txt('a')) });
    const answer = await askAuthority(resolver, NAME, 'TXT', 53);
    assert.deepEqual(
      answer?.servers.map(({ label }) => label),
      ['ns1.example.com (192.0.2.1)', 'ns1.example.com (2001:db8::1)', 'ns2.example.com (192.0.2.2)'],
    );
    assert.ok(!asked.some((question) => question.startsWith('resolver') && question.endsWith(` ${NAME}`)));
  });

  it('of a name that is a zone of its own are found by the referral', async () => {
    const referral = answerWith(NAME, [], {
      authority: answerWith(NAME, [{ type: 'NS', target: 'ns.inner.example' }]).answers,
    });
    const { resolver } = internet({
      ...zone,
      ...everywhere('TXT', NAME, referral),
      [`resolver SOA ${NAME}`]: answerWith(NAME, [soa]),
      [`resolver NS ${NAME}`]: answerWith(NAME, [{ type: 'NS', target: 'ns.inner.example' }]),
      'resolver A ns.inner.example': answerWith('x', [{ type: 'A', address: '192.0.2.9' }]),
      [`192.0.2.9 TXT ${NAME}`]: txt('a'),
    });
    const answer = await askAuthority(resolver, NAME, 'TXT', 53);
    assert.deepEqual(
      answer?.servers.map(({ address }) => address),
      ['192.0.2.9'],
    );
  });

  it('are asked at once, and those that have not responded are not waited for', async () => {
    const { resolver } = internet(zone);
    let left = 0;
    const asking: Resolver = {
      ...resolver,
      ask: ({ address }, _name, _type, { signal }) =>
        address === '192.0.2.2'
          ? Promise.resolve(txt('a'))
          : new Promise((_resolve, reject) => {
              signal?.addEventListener('abort', () => {
                left += 1;
                reject(signal.reason as Error);
              });
            }),
    };
    assert.equal((await askAuthority(asking, NAME, 'TXT', 53))?.servers.length, 3);
    assert.equal(left, 2);
  });

  it('are null where none responds, or the resolver fails', async () => {
    assert.equal(await askAuthority(internet(zone).resolver, NAME, 'TXT', 53), null);
    assert.equal(await askAuthority(internet({}).resolver, NAME, 'TXT', 53), null);
    const broken = internet({ 'resolver SOA www.example.com': silent });
    assert.equal(await askAuthority(broken.resolver, NAME, 'TXT', 53), null);
  });
});

describe('delegation', () => {
  const cname = (from: string, to: string): Answers => ({
    [`resolver CNAME ${from}`]: answerWith(from, [{ type: 'CNAME', target: to }]),
  });

  it('leads to the end of the chain', async () => {
    const { resolver } = internet({ ...cname(NAME, 'a.example.net'), ...cname('a.example.net', 'b.example.org') });
    assert.deepEqual(await followDelegation(resolver, NAME, 53), { target: 'b.example.org', cachedMs: 0 });
  });

  it('is taken from the servers of the zone', async () => {
    const own = answerWith(NAME, [{ type: 'CNAME', target: 'own.example.net' }], aa);
    const { resolver } = internet({ ...zone, ...everywhere('CNAME', NAME, own), ...cname(NAME, 'stale.example.net') });
    assert.equal((await followDelegation(resolver, NAME, 53)).target, 'own.example.net');
  });

  it('says how long the resolver may deny the name', async () => {
    const denied = answerWith(NAME, [], { rcode: 'NXDOMAIN', authority: answerWith('example.com', [soa]).answers });
    const { resolver } = internet({ [`resolver CNAME ${NAME}`]: denied });
    assert.deepEqual(await followDelegation(resolver, NAME, 53), { target: NAME, cachedMs: 60_000 });
  });

  it('in a circle, or without end, is refused', async () => {
    const circle = internet({ ...cname(NAME, 'a.example'), ...cname('a.example', NAME) });
    await assert.rejects(followDelegation(circle.resolver, NAME, 53), { code: 'DNS_DELEGATION_LOOP' });
    const names = [NAME, ...Array.from({ length: 9 }, (_, index) => `n${index}.example`)];
    const links = names.slice(1).map((to, index) => cname(names[index] ?? '', to));
    const long = internet(Object.assign({}, ...links) as Answers);
    await assert.rejects(followDelegation(long.resolver, NAME, 53), { code: 'DNS_DELEGATION_LOOP' });
    const eight = internet(Object.assign({}, ...links.slice(0, 8)) as Answers);
    assert.equal((await followDelegation(eight.resolver, NAME, 53)).target, 'n7.example');
  });

  for (const target of ['$(id).example', 'a;b.example', '/f.example', 'a\\032b.example', '"q".example', '']) {
    it(`does not lead to a name that a program could take for something else: ${target}`, async () => {
      const { resolver } = internet({ ...cname(NAME, 'a.example'), ...cname('a.example', target) });
      await assert.rejects(followDelegation(resolver, NAME, 53), {
        code: 'DNS_QUERY_FAILED',
        details: { reason: 'odd-name', name: 'a.example', target },
      });
    });
  }

  it('cannot be followed without a response', async () => {
    const { resolver } = internet({ [`resolver CNAME ${NAME}`]: silent });
    await assert.rejects(followDelegation(resolver, NAME, 53), { code: 'DNS_QUERY_FAILED' });
  });
});

describe('propagation', () => {
  const wait = (answers: Answers, publicResolvers: readonly string[] = []) => {
    const { resolver, asked } = internet(answers);
    const options = { resolver, clock: fastClock(), limitMs: 20_000, port: 53, publicResolvers };
    return waitForPropagation({ name: NAME, value: 'wanted' }, options).then((result) => ({ result, asked }));
  };

  it('is complete when every server has the value, among others too', async () => {
    const { result } = await wait({ ...zone, ...everywhere('TXT', NAME, txt('other', 'wanted')) });
    assert.deepEqual(result, { seen: true });
  });

  it('waits for a server that lags, and asks no other one again', async () => {
    let rounds = 0;
    const late = (): DnsMessage => ((rounds += 1) < 4 ? txt() : txt('wanted'));
    const { result, asked } = await wait({
      ...zone,
      ...everywhere('TXT', NAME, txt('wanted')),
      [`192.0.2.2 TXT ${NAME}`]: late,
    });
    assert.deepEqual(result, { seen: true });
    assert.equal(asked.filter((question) => question === `192.0.2.2 TXT ${NAME}`).length, 4);
    // Once to find out who responds, once for the value.
    assert.equal(asked.filter((question) => question === `192.0.2.1 TXT ${NAME}`).length, 2);
  });

  it('names the server that lags in the end', async () => {
    const { result } = await wait({
      ...zone,
      ...everywhere('TXT', NAME, txt('wanted')),
      [`192.0.2.2 TXT ${NAME}`]: txt('old'),
    });
    assert.ok(!result.seen);
    assert.equal(result.having, 2);
    assert.deepEqual(result.lagging, [{ server: 'ns2.example.com (192.0.2.2)', found: ['old'], reason: null }]);
  });

  it('ignores a server that does not respond', async () => {
    const { result } = await wait({
      ...zone,
      ...everywhere('TXT', NAME, txt('wanted')),
      [`2001:db8::1 TXT ${NAME}`]: silent,
    });
    assert.deepEqual(result, { seen: true });
  });

  it('is seen by public resolvers last', async () => {
    const seen = { ...zone, ...everywhere('TXT', NAME, txt('wanted')) };
    const { result } = await wait({ ...seen, [`192.0.2.77 TXT ${NAME}`]: txt() }, ['192.0.2.77']);
    assert.ok(!result.seen);
    assert.deepEqual(
      result.lagging.map(({ server }) => server),
      ['192.0.2.77'],
    );
    const good = await wait({ ...seen, [`192.0.2.77 TXT ${NAME}`]: txt('wanted') }, ['192.0.2.77']);
    assert.deepEqual(good.result, { seen: true });
  });

  it('is what the resolver says where no server can be reached', async () => {
    const there = await wait({ ...zone, [`resolver TXT ${NAME}`]: txt('wanted') });
    assert.deepEqual(there.result, { seen: true });
    const { result } = await wait(zone);
    assert.ok(!result.seen);
    assert.deepEqual(result.lagging, [{ server: OWN_RESOLVER, found: [], reason: null }]);
  });
});
