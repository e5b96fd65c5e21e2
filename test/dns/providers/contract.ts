import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import type { ProviderDefinition, ProviderParts } from '../../../src/dns/provider-kit/definition.ts';
import { errorCode, EverbindError } from '../../../src/errors/error.ts';
import { systemRandom } from '../../../src/net/system.ts';
import { createTransport, type NetTransport } from '../../../src/net/transport.ts';
import type { DnsProvider } from '../../../src/ports/dns-provider.ts';
import { createKeyedMutex } from '../../../src/concurrency/keyed-mutex.ts';
import { idleParts } from '../support.ts';
import { type DoubleAnswer, type DoubleRequest, type DoubleServer, startDouble } from './double.ts';

/** What a double keeps, seen from outside. */
export interface HostState {
  /** The TXT values at a name, without quotes, in any order. */
  values(name: string): readonly string[];
  /** Everything else in the zone, in any form that can be compared. */
  others(): unknown;
  answer(request: DoubleRequest): DoubleAnswer;
  /** Adds a value as another writer would; where writes are conditional. */
  intrude?(value: string): void;
}

export interface HostContract {
  /** Told after the provider's name, where one has several ways. */
  readonly way?: string;
  readonly definition: ProviderDefinition;
  /**
   * A host with the zone example.com: an A record at www, a TXT record at the apex, and values with `foreign` among
   * them at `name`.
   */
  start(): HostState;
  settings(base: string): Readonly<Record<string, string>>;
  /** The settings that are different with credentials that the host refuses. */
  wrong(base: string): Readonly<Record<string, string>>;
  /** What must be in no error: every secret in every form that it is sent in. */
  readonly secrets: readonly string[];
  /** How the host says that it is asked too often; status 429 with Retry-After: 7 unless told. */
  readonly tooMany?: DoubleAnswer;
  /** How many requests to others, who say it otherwise, come before those to the host. */
  readonly requestsBefore?: number;
  /** How long it then asks to wait; 7,000 unless told. */
  readonly retryAfterMs?: number | null;
  /** How it says that it is broken; status 500 unless told. */
  readonly broken?: DoubleAnswer;
}

/** Where the contract writes. */
export const name = '_acme-challenge.www.example.com';
/** A value of somebody else at that name: with quotes and a backslash, as long as it may be in one string. */
export const foreign = `other "value" with \\ in it ${'x'.repeat(150)}`;
const one = 'nHQmRjLHqlFNrHIlVd4EcG5NqVNyoBXNJAYvyKyLqLY';
const two = '-pE7yU_0dmzAqZkJrQ4IhBYYyS2C2xKMfOdYQ9Hg8kM';

/** How long providers have slept since a host was opened last, ms. */
let slept = 0;

/** The time of providers under test, ms since 1970. */
export function contractNow(): number {
  return Date.now() + slept;
}

type Fault = (count: number) => DoubleAnswer | null;

/** Registers the tests that every hosted provider passes. */
export function hostContract(contract: HostContract): void {
  const { definition, retryAfterMs = 7_000, requestsBefore = 0 } = contract;
  const tooMany = contract.tooMany ?? { status: 429, headers: { 'retry-after': '7' }, text: 'slow down' };
  const broken = contract.broken ?? { status: 500, text: 'oops' };
  let server: DoubleServer;
  let transport: NetTransport;
  before(async () => {
    server = await startDouble();
    transport = createTransport({ allowInsecureLoopback: true, proxy: null });
  });
  after(async () => {
    transport.close();
    await server.stop();
  });

  const parts = (): ProviderParts => ({
    ...idleParts,
    transport,
    // The address of clouds' metadata is played by the same double.
    metadata: (request, signal) =>
      transport({ ...request, url: request.url.replace('http://169.254.169.254', server.url) }, signal),
    // Whoever waits between two questions does not keep the tests waiting.
    clock: {
      now: contractNow,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        slept += Math.ceil(ms);
      },
    },
    random: systemRandom,
    inTurn: createKeyedMutex(),
  });

  /** A fresh host with a provider for it. `requests` counts. */
  function open(changes: Readonly<Record<string, string>> = {}) {
    const host = contract.start();
    slept = 0;
    let count = 0;
    let fault: Fault = () => null;
    let spy: (request: DoubleRequest) => void = () => {};
    server.use((request) => {
      count += 1;
      spy(request);
      return fault(count) ?? host.answer(request);
    });
    const provider: DnsProvider = definition.create({ ...contract.settings(server.url), ...changes }, parts());
    return {
      host,
      provider,
      requests: () => count,
      beforeEach: (next: (request: DoubleRequest) => void) => {
        spy = next;
      },
      failWith: (next: Fault) => {
        count = 0;
        fault = next;
      },
    };
  }

  function check(title: string, work: () => Promise<void>): void {
    test(`${[definition.name, contract.way ?? ''].join(' ').trim()}: ${title}`, async () => {
      await work();
      server.settle();
    });
  }

  /** The error of a call that must fail, with nothing secret in it. */
  async function failure(call: Promise<unknown>): Promise<EverbindError> {
    const error: unknown = await call.then(
      () => assert.fail('no error'),
      (reason: unknown) => reason,
    );
    const text = inspect(error, { depth: 20, showHidden: true });
    for (const secret of contract.secrets) assert.ok(!text.includes(secret), `a secret is in ${errorCode(error)}`);
    assert.ok(error instanceof EverbindError, text);
    return error;
  }

  const values = (host: HostState): readonly string[] => [...host.values(name)].sort();
  const sorted = (...list: readonly string[]): readonly string[] => [...list].sort();
  /** What stands at the name before anything is done. */
  const base = sorted(...contract.start().values(name));

  check('adds, keeps side by side, removes only its own, all of it twice', async () => {
    const { host, provider } = open();
    const others = host.others();
    assert.ok(base.includes(foreign));
    assert.equal(await provider.findZone(name), 'example.com');
    await provider.present({ name, value: one });
    assert.deepEqual(values(host), sorted(...base, one));
    await provider.present({ name, value: one });
    assert.deepEqual(values(host), sorted(...base, one));
    await provider.present({ name, value: two });
    assert.deepEqual(values(host), sorted(...base, one, two));
    await provider.wait?.({ name, value: two });
    await provider.cleanUp({ name, value: one });
    await provider.cleanUp({ name, value: one });
    assert.deepEqual(values(host), sorted(...base, two));
    await provider.cleanUp({ name, value: two });
    assert.deepEqual(values(host), base);
    assert.deepEqual(host.others(), others);
  });

  check('a name without any record, to the last value and below the zone itself', async () => {
    const { host, provider } = open();
    for (const fresh of ['_acme-challenge.example.com', '_acme-challenge.a.b.example.com']) {
      const record = { name: fresh, value: one };
      await provider.cleanUp(record);
      await provider.present(record);
      assert.deepEqual(host.values(fresh), [one]);
      await provider.cleanUp(record);
      assert.deepEqual(host.values(fresh), []);
    }
    assert.deepEqual(values(host), base);
  });

  check('writers of one name at the same time', async () => {
    const { host, provider } = open();
    const list = Array.from({ length: 5 }, (_, index) => `${one.slice(1)}${index}`);
    await Promise.all(list.map((value) => provider.present({ name, value })));
    assert.deepEqual(values(host), sorted(...base, ...list));
    await Promise.all(list.map((value) => provider.cleanUp({ name, value })));
    assert.deepEqual(values(host), base);
  });

  check('another writer between reading and writing', async () => {
    for (const action of ['present', 'cleanUp'] as const) {
      const { host, provider, beforeEach } = open();
      if (host.intrude === undefined) continue;
      if (action === 'cleanUp') await provider.present({ name, value: one });
      let intruded = 0;
      beforeEach(({ method, path }) => {
        if (method === 'GET' || path.includes('token') || intruded === 2) return;
        intruded += 1;
        host.intrude?.(`intruder ${intruded}`);
      });
      await provider[action]({ name, value: one });
      const expected = [...base, 'intruder 1', 'intruder 2', ...(action === 'present' ? [one] : [])];
      assert.deepEqual(values(host), sorted(...expected));
    }
  });

  check('wrong credentials', async () => {
    const { host, provider } = open(contract.wrong(server.url));
    const calls = [provider.present, provider.cleanUp];
    for (const call of calls) {
      const error = await failure(call({ name, value: one }));
      assert.equal(error.code, 'DNS_CREDENTIALS_REFUSED', inspect(error));
    }
    assert.equal((await failure(provider.findZone(name))).code, 'DNS_CREDENTIALS_REFUSED');
    assert.deepEqual(values(host), base);
  });

  check('no zone for the name', async () => {
    const { provider } = open();
    for (const unknown of ['_acme-challenge.example.org', '_acme-challenge.notexample.com']) {
      const error = await failure(provider.present({ name: unknown, value: one }));
      assert.equal(error.code, 'DNS_ZONE_NOT_FOUND', inspect(error));
      assert.equal((await failure(provider.findZone(unknown))).code, 'DNS_ZONE_NOT_FOUND');
      assert.equal((await failure(provider.cleanUp({ name: unknown, value: one }))).code, 'DNS_ZONE_NOT_FOUND');
    }
  });

  check('asked too often at any request: waits as long as the host asks, and goes on', async () => {
    for (const action of ['present', 'cleanUp'] as const) {
      await atEachRequest(action, tooMany, async (call, at) => {
        if (at <= requestsBefore) return;
        await call;
        assert.ok(slept >= (retryAfterMs ?? 500) - 50 && slept < 60_000, `slept ${slept}`);
      });
    }
  });

  check('asked too often for minutes: says so, and asks less and less often', async () => {
    for (const action of ['present', 'cleanUp'] as const) {
      const { host, provider, failWith, requests } = open();
      failWith((count) => (count > requestsBefore ? tooMany : null));
      const error = await failure(provider[action]({ name, value: one }));
      assert.equal(error.code, 'DNS_RATE_LIMITED', inspect(error));
      assert.equal(error.details['retryAfterMs'], retryAfterMs);
      assert.ok(slept >= 30_000 && slept <= 120_000, `slept ${slept}`);
      assert.ok(requests() - requestsBefore <= 12, `${requests()} requests`);
      const before = slept;
      await failure(provider[action]({ name, value: two }));
      assert.equal(slept, before, 'the next call waits for as long again');
      assert.deepEqual(values(host), base);
    }
  });

  check('asked to wait for an hour: says so at once, and sends nothing more until then', async () => {
    const { host, provider, failWith, requests } = open();
    failWith((count) => {
      if (count <= requestsBefore) return null;
      return { status: 429, headers: { 'retry-after': '3000' }, text: 'slow down' };
    });
    const error = await failure(provider.present({ name, value: one }));
    assert.equal(error.code, 'DNS_RATE_LIMITED', inspect(error));
    const asked = requests();
    assert.equal((await failure(provider.present({ name, value: two }))).code, 'DNS_RATE_LIMITED');
    assert.equal(requests(), asked);
    failWith(() => null);
    slept += 3_001_000;
    await provider.present({ name, value: one });
    assert.deepEqual(values(host), sorted(...base, one));
  });

  check('twelve names at a host that takes two requests a second and fifteen a minute', async () => {
    const { host, provider, failWith } = open();
    const taken: number[] = [];
    failWith((count) => {
      const now = contractNow();
      const within = (ms: number): number => taken.filter((at) => at > now - ms).length;
      if (count > requestsBefore && (within(1_000) >= 2 || within(60_000) >= 15)) {
        return { ...tooMany, headers: { ...tooMany.headers, 'retry-after': '1' } };
      }
      taken.push(now);
      return null;
    });
    const records = Array.from({ length: 12 }, (_, index) => ({
      name: `_acme-challenge.n${index}.example.com`,
      value: one,
    }));
    await Promise.all(records.map((record) => provider.present(record)));
    for (const record of records) assert.deepEqual(host.values(record.name), [one]);
    await Promise.all(records.map((record) => provider.cleanUp(record)));
    for (const record of records) assert.deepEqual(host.values(record.name), []);
  });

  check('broken at any request: said so, and the next attempt finishes', async () => {
    for (const action of ['present', 'cleanUp'] as const) {
      await atEachRequest(action, broken, async (call) => {
        const error = await failure(call);
        assert.equal(error.code, 'DNS_PROVIDER_FAILED', inspect(error));
        assert.equal(error.details['status'], broken.status);
      });
    }
  });

  check('answers that are not as documented, at any request', async () => {
    const wrong = ['', '{', '[]', '{}', 'null', '"text"', '<html></html>', '[{}]', '[['.repeat(5_000), '\u0000'];
    for (const text of wrong) {
      await atEachRequest('present', { status: 200, text }, async (call, at) => {
        // Where nothing is read from a response, its body may be anything.
        const code = await call.then(
          () => null,
          (error: unknown) => errorCode(error),
        );
        if (at === 1 || code !== null) {
          assert.ok(
            ['DNS_PROVIDER_FAILED', 'DNS_ZONE_NOT_FOUND'].includes(code ?? ''),
            `${text.slice(0, 20)}: ${code}`,
          );
        }
      });
    }
    const { provider, failWith } = open();
    failWith(() => ({ status: 200, text: `"${'x'.repeat(5 * 1024 * 1024)}"` }));
    assert.equal((await failure(provider.present({ name, value: one }))).code, 'DNS_PROVIDER_FAILED');
  });

  check('unreachable, and stopped by the caller', async () => {
    const { provider } = open(elsewhere(contract.settings(server.url), server.url, 'http://127.0.0.1:1'));
    const error = await failure(provider.present({ name, value: one }));
    assert.equal(error.code, 'DNS_PROVIDER_FAILED', inspect(error));
    const reason = new Error('enough');
    await assert.rejects(
      open().provider.present({ name, value: one }, AbortSignal.abort(reason)),
      (thrown) => thrown === reason,
    );
  });

  check('settings that are missing or cannot be sent', async () => {
    const settings = contract.settings(server.url);
    for (const { name: setting, required, secret } of definition.settings) {
      const given = settings[setting];
      if (required) {
        const { [setting]: _, ...rest } = settings;
        assert.throws(() => definition.create(rest, parts()), isSettingError);
      }
      if (secret && given !== undefined) {
        assert.throws(() => definition.create({ ...settings, [setting]: `${given}\r\nx: y` }, parts()), isSettingError);
      }
    }
  });

  /**
   * Runs the action as often as it makes requests, each time with another of them getting the response `answer`; then
   * once more without.
   */
  async function atEachRequest(
    action: 'present' | 'cleanUp',
    answer: DoubleAnswer,
    judge: (call: Promise<void>, at: number) => Promise<void>,
  ): Promise<void> {
    for (let at = 1; ; at += 1) {
      const { host, provider, failWith, requests } = open();
      if (action === 'cleanUp') await provider.present({ name, value: one });
      let used = false;
      failWith((count) => {
        if (count !== at) return null;
        used = true;
        return answer;
      });
      const call = provider[action]({ name, value: one });
      const seen = await call.then(
        () => used,
        () => used,
      );
      if (!seen) {
        assert.ok(at > 1 && requests() > 0);
        return;
      }
      await judge(call, at);
      failWith(() => null);
      await provider[action]({ name, value: one });
      assert.deepEqual(values(host), action === 'present' ? sorted(...base, one) : base);
    }
  }
}

function isSettingError(error: unknown): boolean {
  return errorCode(error) === 'DNS_PROVIDER_SETTING';
}

function elsewhere(settings: Readonly<Record<string, string>>, from: string, to: string): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value.replaceAll(from, to)]));
}

/** A random-looking word that is easy to find again in an error. */
export function secretWord(of: string): string {
  return `sEcReT-${of}-7f3a9c`;
}
