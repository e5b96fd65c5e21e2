import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventClock, type EventClock } from '../../../lab/simulation/event-clock.ts';
import { createLabCa, type LabCa } from '../../../lab/test-ca.ts';
import type { State } from '../../../src/agent/state.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Issuer, Issuers } from '../../../src/ports/issuer.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { troubledIssuers } from '../../../src/renewal/state/issuer-health.ts';
import { eventTypes, rowsOf } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// Issuers that hang or fail, in simulated time: for how long a certificate waits, and who waits with it.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Manner = 'works' | 'hangs' | 'drops';

interface World {
  readonly clock: EventClock;
  readonly state: State;
  readonly engine: Engine;
  /** How each issuer behaves; it works where nothing is said. */
  readonly manners: Record<string, Manner>;
  /** Names that each issuer was asked for, in order. */
  readonly asked: Record<string, string[]>;
  /** The most that each issuer was asked for at a time. */
  readonly atOnce: Record<string, number>;
  renew(names?: readonly string[], force?: boolean): Promise<readonly Outcome[]>;
}

/** `certificates` by name: their issuers. */
function withWorld(
  certificates: Readonly<Record<string, string>>,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const clock = createEventClock(Date.now());
  return withState(clock, async (state) => {
    const ca = await createLabCa('Slow Root');
    const manners: World['manners'] = {};
    const asked: World['asked'] = {};
    const atOnce: World['atOnce'] = {};
    const busy: Record<string, number> = {};
    const issue = async (
      name: string,
      ...[request, signer, , signal]: [...Parameters<Issuer['issue']>, AbortSignal]
    ) => {
      (asked[name] ??= []).push(request.name);
      if (manners[name] === 'hangs')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      await clock.sleep(manners[name] === 'drops' ? MINUTE / 2 : 1000, signal);
      if (manners[name] === 'drops') throw new EverbindError('ACME_TIMEOUT', 'no response');
      return {
        chain: [
          await certify(
            ca,
            clock,
            request.identifiers.map(({ value }) => value),
            signer.publicKey,
          ),
        ],
        accountUrl: 'slow:1',
        roots: [ca.der],
      };
    };
    const issuers: Issuers = {
      open: (name, signal = new AbortController().signal) => ({
        prepare: async () => {},
        issue: async (request, signer, journal) => {
          busy[name] = (busy[name] ?? 0) + 1;
          atOnce[name] = Math.max(atOnce[name] ?? 0, busy[name]);
          try {
            return await issue(name, request, signer, journal, signal);
          } finally {
            busy[name] -= 1;
          }
        },
        abandon: async () => {},
        revoke: () => Promise.reject(new Error('nobody revokes')),
        renewalInformation: async () => null,
      }),
      tidyUp: async () => {},
    };
    const engine = engineWithoutAcme(state, clock, issuers);
    const list = Object.entries(certificates).map(
      ([name, of]) => `  - { name: ${name}, names: [${name}.slow.test], issuers: [${of}] }\n`,
    );
    const known = [...new Set(Object.values(certificates).flatMap((of) => of.split(', ')))];
    await applyText(
      state,
      clock,
      `version: 1\nengine: { concurrency: 8 }\nissuers:\n${known.map((name) => `  - { name: ${name}, directory: "https://${name}.test/" }\n`).join('')}defaults: { deployments: [] }\ncertificates:\n${list.join('')}`,
    );
    await work({
      clock,
      state,
      engine,
      manners,
      asked,
      atOnce,
      renew: async (names = [], force = false) => {
        const outcomes: Outcome[] = [];
        const { signal } = new AbortController();
        await clock.drive(engine.renew({ names, force }, (outcome) => outcomes.push(outcome), signal));
        return outcomes;
      },
    });
  });
}

function certify(ca: LabCa, clock: EventClock, names: readonly string[], publicKey: Uint8Array): Promise<Uint8Array> {
  const validity = { notBefore: new Date(clock.now() - HOUR), notAfter: new Date(clock.now() + 90 * DAY) };
  return ca.certify({ names, ...validity }, publicKey);
}

const many = (count: number, issuers: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, issuers]));

describe('an issuer that hangs', () => {
  it('is given up at its deadline; the renewal stays open for the next attempt', () =>
    withWorld({ shop: 'slow' }, async ({ renew, manners, clock, state, asked }) => {
      manners['slow'] = 'hangs';
      const before = clock.now();
      const [outcome] = await renew();
      assert.ok(outcome?.kind === 'failed');
      assert.equal(outcome.code, 'RENEWAL_DEADLINE');
      assert.equal(clock.now() - before, 30 * MINUTE);
      assert.deepEqual(rowsOf(state.store, 'SELECT outcome FROM renewal'), [{ outcome: null }]);
      assert.deepEqual(state.store.read(troubledIssuers), [
        { issuer: 'slow', failures: 1, closedUntil: null, code: 'RENEWAL_DEADLINE' },
      ]);
      manners['slow'] = 'works';
      await clock.drive(clock.sleep(2 * MINUTE));
      assert.equal((await renew())[0]?.kind, 'renewed');
      assert.deepEqual(asked['slow'], ['shop', 'shop']);
      assert.ok(eventTypes(state.store, 'shop').includes('renewal.resumed'));
    }));

  it('makes room for the next one in the same run', () =>
    withWorld({ shop: 'slow, good' }, async ({ renew, manners, asked }) => {
      manners['slow'] = 'hangs';
      assert.equal((await renew())[0]?.kind, 'renewed');
      assert.deepEqual([asked['slow'], asked['good']], [['shop'], ['shop']]);
    }));

  it('keeps nobody else waiting, though all its certificates come first', () =>
    withWorld({ ...many(100, 'slow'), shop: 'good' }, async ({ manners, engine, clock, atOnce }) => {
      manners['slow'] = 'hangs';
      const before = clock.now();
      let after: number | null = null;
      const stop = new AbortController();
      const running = engine.renew(
        { names: [], force: false },
        ({ name }) => {
          if (name === 'shop') after = clock.now() - before;
          stop.abort(new Error('seen enough'));
        },
        stop.signal,
      );
      await clock.drive(running).catch(() => {});
      assert.equal(after, 1000);
      assert.equal(atOnce['slow'], 8);
    }));
});

describe('a lone issuer that drops packets', () => {
  it('is closed after three failures; its certificates wait for that, and one of them tries it', () =>
    withWorld(many(100, 'lone'), async ({ renew, manners, asked, atOnce, clock, state }) => {
      manners['lone'] = 'drops';
      const outcomes = await renew();
      assert.equal(
        outcomes.length,
        10,
        'those that were under way when it was closed, and two that came after the first failures',
      );
      const [trouble] = state.store.read(troubledIssuers);
      assert.equal(trouble?.failures, 3, 'those say nothing new');
      const wait = (trouble.closedUntil ?? 0) - clock.now();
      assert.ok(wait > 4 * MINUTE && wait <= 5.5 * MINUTE, `${wait}`);
      const reasons = `SELECT due_reason, count(*) AS n FROM certificate GROUP BY 1 ORDER BY 1`;
      assert.deepEqual(rowsOf(state.store, reasons), [
        { due_reason: 'issuer-closed', n: 90 },
        { due_reason: 'retry', n: 10 },
      ]);
      const closedEvents = `SELECT count(*) AS n FROM audit_event WHERE event LIKE '%renewal.deferred%'`;
      assert.deepEqual(rowsOf(state.store, closedEvents), [{ n: 0 }], 'no event for each of them');

      // It opens: one asks, in vain; the others are put off again.
      await clock.drive(clock.sleep(wait));
      const before = asked['lone']?.length ?? 0;
      const again = await renew();
      assert.equal((asked['lone']?.length ?? 0) - before, 1);
      assert.equal(again.length, 1);
      assert.equal(state.store.read(troubledIssuers)[0]?.failures, 4);

      // It works again: one asks, and then all of them.
      manners['lone'] = 'works';
      atOnce['lone'] = 0;
      await clock.drive(clock.sleep(12 * MINUTE));
      const from = asked['lone']?.length ?? 0;
      const done = await renew();
      assert.ok(done.length >= 98 && done.every(({ kind }) => kind === 'renewed'), String(done.length));
      assert.equal(atOnce['lone'], 8);
      assert.equal((asked['lone']?.length ?? 0) - from, done.length);
      assert.deepEqual(state.store.read(troubledIssuers), []);
    }));

  it('is asked at once for a certificate that a person names; by force alone they wait', () =>
    withWorld(many(12, 'lone'), async ({ renew, manners, clock }) => {
      manners['lone'] = 'drops';
      await renew();
      manners['lone'] = 'works';
      const deferred = await renew([], true);
      assert.equal(deferred.length, 12);
      for (const outcome of deferred) {
        assert.ok(outcome.kind === 'deferred');
        assert.equal(outcome.code, 'RENEWAL_ISSUER_CLOSED');
        assert.ok(outcome.nextAttempt > clock.now());
      }
      assert.deepEqual(
        (await renew(['c3'], true)).map(({ kind }) => kind),
        ['renewed'],
      );
    }));
});

describe('a run that keeps on', () => {
  it('renews what falls due while another certificate hangs, and what has failed meanwhile', () =>
    withWorld({ hung: 'slow', shop: 'good', blog: 'lone' }, async ({ manners, engine, clock, state }) => {
      manners['slow'] = 'hangs';
      manners['lone'] = 'drops';
      const before = clock.now();
      const at = before + 10 * MINUTE;
      await state.store.commit(
        ({ db }) => void db.prepare(`UPDATE certificate SET next_due = ? WHERE name = 'shop'`).run(at),
      );
      const seen: { readonly name: string; readonly kind: string; readonly minutes: number }[] = [];
      const running = engine.cycle(
        { names: [], force: false },
        ({ name, kind }) => {
          seen.push({ name, kind, minutes: Math.floor((clock.now() - before) / MINUTE) });
          manners['lone'] = 'works';
        },
        new AbortController().signal,
        true,
      );
      await clock.drive(running);
      const shop = seen.find(({ name }) => name === 'shop');
      assert.deepEqual([shop?.kind, shop?.minutes], ['renewed', 10]);
      const blog = seen.filter(({ name }) => name === 'blog');
      assert.deepEqual(
        blog.map(({ kind }) => kind),
        ['failed', 'renewed'],
      );
      assert.ok((blog[1]?.minutes ?? 99) <= 3);
      const hung = seen.filter(({ name }) => name === 'hung').map(({ kind, minutes }) => [kind, minutes]);
      assert.deepEqual(hung, [['failed', 30]]);
      assert.equal(Math.floor((clock.now() - before) / MINUTE), 30);
    }));

  it('begins nothing after an hour, and stops what is under way soon after that, without calling it a failure', () =>
    withWorld({ one: 'slow', two: 'slow', three: 'slow' }, async ({ manners, engine, clock, state }) => {
      manners['slow'] = 'hangs';
      const before = clock.now();
      // Each hangs for half an hour; the next one falls due before that.
      const due = state.store.commit(({ db }) => {
        db.prepare(`UPDATE certificate SET next_due = ? WHERE name = 'two'`).run(before + 25 * MINUTE);
        db.prepare(`UPDATE certificate SET next_due = ? WHERE name = 'three'`).run(before + 50 * MINUTE);
      });
      await due;
      const seen: string[] = [];
      const running = engine.cycle(
        { names: [], force: false },
        ({ name }) => seen.push(name),
        new AbortController().signal,
        true,
      );
      await clock.drive(running);
      assert.deepEqual([...new Set(seen)], ['one', 'two']);
      assert.equal(Math.floor((clock.now() - before) / MINUTE), 62);
      assert.deepEqual(rowsOf(state.store, `SELECT failures FROM certificate WHERE name = 'three'`), [{ failures: 0 }]);
    }));
});
