import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { gated } from '../../../lab/pebble/gate.ts';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { AcmeProblemError, blankProblem } from '../../../src/acme/messages/problem.ts';
import type { State } from '../../../src/agent/state.ts';
import { EverbindError, meaningOf } from '../../../src/errors/error.ts';
import { systemClock } from '../../../src/net/system.ts';
import { createTransport } from '../../../src/net/transport.ts';
import { parsePemRoots } from '../../../src/pki/asn1/pem.ts';
import type { HttpRequest, HttpResponse } from '../../../src/ports/transport.ts';
import { mayHaveIssued } from '../../../src/renewal/engine/resumable.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import { troubledIssuers } from '../../../src/renewal/state/issuer-health.ts';
import { showCertificate } from '../../../src/overview/certificate-detail.ts';
import { closedForMs, refusedForMs } from '../../../src/renewal/schedule/issuer-backoff.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { applyText, withFolder } from '../support/obtain-state.ts';
import { openEngine } from '../support/state.ts';

// Two CAs; each can be made to misbehave.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const names = ['first', 'second'] as const;
type Name = (typeof names)[number];

interface Ca {
  readonly pebble: Pebble;
  readonly rootPem: string;
}

let cas: Readonly<Record<Name, Ca>>;
before(async () => {
  const [first, second] = await Promise.all(
    names.map(async () => {
      const pebble = await startPebble({ alwaysValid: true });
      return { pebble, rootPem: await pebble.rootPem() };
    }),
  );
  assert.ok(first !== undefined && second !== undefined);
  cas = { first, second };
});
after(async () => {
  for (const { pebble } of Object.values(cas)) await pebble.stop();
});

interface World {
  readonly clock: SettableClock;
  readonly state: State;
  readonly engine: Engine;
  /** Requests that each CA got. */
  readonly asked: Record<Name, HttpRequest[]>;
  /** Responds in place of a CA, or throws; null leaves it to the CA. */
  readonly meddle: Record<Name, (request: HttpRequest) => HttpResponse | null>;
  apply(certificates: string, more?: string): Promise<void>;
  renew(...only: readonly string[]): Promise<readonly Outcome[]>;
  /** Issuer of the certificate in use. */
  issuerOf(name: string): string | null;
  types(subject: string): readonly string[];
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const clock = settableClock();
    const transports: { close(): void }[] = [];
    const asked: World['asked'] = { first: [], second: [] };
    const meddle: World['meddle'] = { first: () => null, second: () => null };
    const ca = { directoryUrl: '', listenerCaPem: cas.first.pebble.listenerCaPem, rootPem: cas.first.rootPem };
    const opened = await openEngine(folder, ca, {
      clock,
      ports: {
        transportFor: async ({ name }) => {
          const own = name as Name;
          const transport = createTransport({ roots: [cas[own].pebble.listenerCaPem], proxy: null });
          transports.push(transport);
          const gate = gated(transport);
          return async (request, signal) => {
            asked[own].push(request);
            return meddle[own](request) ?? gate(request, signal);
          };
        },
        rootsFor: async ({ name }) => parsePemRoots(cas[name as Name].rootPem),
      },
    });
    const { state, engine } = opened;
    try {
      await work({
        clock,
        state,
        engine,
        asked,
        meddle,
        apply: (certificates, more = '') => {
          const issuers = names.map(
            (name) =>
              `{ name: ${name}, directory: "${cas[name].pebble.directoryUrl}", termsOfServiceAgreed: true${name === 'first' ? more : ''} }`,
          );
          return applyText(
            state,
            clock,
            `version: 1\nengine: { concurrency: 1 }\nissuers: [${issuers.join(', ')}]\ndefaults: { issuers: [first, second], deployments: [] }\ncertificates: ${certificates}\n`,
          );
        },
        renew: async (...only) => {
          const outcomes: Outcome[] = [];
          const selection = { names: only, force: only.length > 0 };
          await engine.renew(selection, (outcome) => void outcomes.push(outcome), new AbortController().signal);
          return outcomes;
        },
        issuerOf: (name) => {
          const { issued } = state.store.read((db) => showCertificate(db, name));
          return issued.find(({ status }) => status === 'active')?.issuer ?? null;
        },
        types: (subject) =>
          state.store.read((db) =>
            db
              .prepare('SELECT event FROM audit_event ORDER BY seq')
              .all()
              .map((row) => JSON.parse(row['event'] as string) as { type: string; subject: string })
              .filter((event) => event.subject === subject)
              .map(({ type }) => type),
          ),
      });
    } finally {
      await opened.close();
      for (const transport of transports) transport.close();
    }
  });
}

const one = (name: string): string => `{ name: ${name}, names: [${name}.issuers.test] }`;
const list = (...certificates: readonly string[]): string => `[${certificates.map(one).join(', ')}]`;

function down(): never {
  throw new EverbindError('ACME_TRANSPORT', 'no connection', {});
}

function problem(type: string, status: number, headers: HttpResponse['headers'] = {}): HttpResponse {
  const body = JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'no', status });
  return { status, headers: { 'content-type': ['application/problem+json'], ...headers }, body: Buffer.from(body) };
}

const isNewOrder = ({ url }: HttpRequest): boolean => url.endsWith('/order-plz');

function payload(request: HttpRequest | undefined): Record<string, unknown> {
  const { payload: text } = JSON.parse(Buffer.from(request?.body ?? '').toString('utf8')) as { payload: string };
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
}

function assertRenewed(outcomes: readonly Outcome[], count = 1): void {
  assert.equal(outcomes.length, count);
  for (const outcome of outcomes) assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
}

describe('several issuers', () => {
  it('the first choice is asked and nobody else', () =>
    withWorld(async ({ apply, renew, issuerOf, asked }) => {
      await apply(list('shop'));
      assertRenewed(await renew());
      assert.equal(issuerOf('shop'), 'first');
      assert.equal(asked.second.length, 0);
    }));

  it('when one is down the next one issues in the same run, with a key of its own; replaces is for who issued', () =>
    withWorld(async ({ apply, renew, issuerOf, asked, meddle, state, types }) => {
      await apply(list('shop'));
      meddle.first = down;
      assertRenewed(await renew());
      assert.equal(issuerOf('shop'), 'second');
      assert.deepEqual(types('shop'), [
        'certificate.declared',
        'renewal.started',
        'renewal.failed',
        'renewal.started',
        'key.generated',
        'order.requested',
        'order.created',
        'order.ready',
        'certificate.issued',
        'renewal.committed',
        'key.destroyed',
      ]);
      assert.deepEqual(state.store.read(troubledIssuers), [
        { issuer: 'first', failures: 1, closedUntil: null, code: 'ACME_TRANSPORT' },
      ]);
      // It is back: it is the first choice again, and nothing that it could replace is its own.
      meddle.first = () => null;
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'first');
      assert.deepEqual(state.store.read(troubledIssuers), []);
      assertRenewed(await renew('shop'));
      const [again, replacing] = asked.first.filter(isNewOrder);
      assert.equal(payload(again)['replaces'], undefined);
      assert.equal(typeof payload(replacing)['replaces'], 'string');
    }));

  it('one that failed three times in a row is skipped, and asked again when its time has come', () =>
    withWorld(async ({ apply, renew, issuerOf, asked, meddle, clock, state, types }) => {
      await apply(list('a', 'b', 'c', 'd'));
      meddle.first = down;
      assertRenewed(await renew(), 4);
      const before = asked.first.length;
      assert.ok(before >= 3);
      const [trouble] = state.store.read(troubledIssuers);
      assert.equal(trouble?.failures, 3);
      const wait = (trouble.closedUntil ?? 0) - clock.now();
      assert.ok(wait > 4 * MINUTE && wait <= 5.5 * MINUTE, `${wait}`);
      assert.deepEqual(
        types('first').filter((type) => type.startsWith('issuer.')),
        ['issuer.closed'],
      );
      // The fourth certificate did not try it, nor does another run.
      meddle.first = () => assert.fail('it was asked');
      assertRenewed(await renew('a'));
      assert.equal(issuerOf('d'), 'second');
      assert.equal(asked.first.length, before);
      clock.advance(6 * MINUTE);
      meddle.first = () => null;
      assertRenewed(await renew('a'));
      assert.equal(issuerOf('a'), 'first');
      assert.deepEqual(
        types('first').filter((type) => type.startsWith('issuer.')),
        ['issuer.closed', 'issuer.works'],
      );
    }));

  it('one that refuses a certificate is asked for others, and for this one after a day', () =>
    withWorld(async ({ apply, renew, issuerOf, asked, meddle, clock, types }) => {
      await apply(list('shop', 'blog'));
      meddle.first = (request) => {
        const isShop = isNewOrder(request) && JSON.stringify(payload(request)).includes('shop.');
        return isShop ? problem('caa', 403) : null;
      };
      assertRenewed(await renew(), 2);
      assert.equal(issuerOf('shop'), 'second');
      assert.equal(issuerOf('blog'), 'first');
      assert.ok(types('shop').includes('issuer.refused'));
      const orders = asked.first.filter(isNewOrder).length;
      assertRenewed(await renew('shop'));
      assert.equal(asked.first.filter(isNewOrder).length, orders);
      clock.advance(25 * HOUR);
      meddle.first = () => null;
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'first');
    }));

  it('one that is configured otherwise is asked as if nothing had been, and what failed is tried again at once', () =>
    withWorld(async ({ apply, renew, issuerOf, meddle, clock, state }) => {
      await apply(list('a', 'b', 'c', 'd'));
      const before = clock.now();
      meddle.first = (request) => (isNewOrder(request) ? problem('caa', 403) : null);
      meddle.second = down;
      for (const { kind } of await renew()) assert.equal(kind, 'failed');
      assert.equal(state.store.read(troubledIssuers)[0]?.issuer, 'second');
      meddle.first = () => null;
      // The second one has not changed: what is known of it stands.
      await apply(list('a', 'b', 'c', 'd'), ', accountKeyRolloverDays: 30');
      assert.equal(state.store.read(troubledIssuers)[0]?.issuer, 'second');
      assert.ok(clock.now() < before + MINUTE, 'no attempt would be due yet');
      assertRenewed(await renew(), 4);
      assert.equal(issuerOf('d'), 'first');
      meddle.first = down;
      for (let time = 0; time < 3; time += 1) await renew('a');
      assert.ok(state.store.read(troubledIssuers).some(({ issuer }) => issuer === 'first'));
      await apply(list('a', 'b', 'c', 'd'), ', accountKeyRolloverDays: 31');
      assert.ok(state.store.read(troubledIssuers).every(({ issuer }) => issuer === 'second'));
    }));

  it('a rate limit lasts as long as it says', () =>
    withWorld(async ({ apply, renew, issuerOf, meddle, clock }) => {
      await apply(list('shop'));
      meddle.first = (request) =>
        isNewOrder(request) ? problem('rateLimited', 429, { 'retry-after': ['7200'] }) : null;
      assertRenewed(await renew());
      meddle.first = () => null;
      clock.advance(HOUR);
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'second');
      clock.advance(2 * HOUR);
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'first');
    }));

  it('when all are down the attempt fails, and the next one goes on with whoever is back', () =>
    withWorld(async ({ apply, renew, issuerOf, meddle, clock }) => {
      await apply(list('shop'));
      meddle.first = down;
      meddle.second = down;
      const [outcome] = await renew();
      assert.ok(outcome?.kind === 'failed');
      assert.equal(outcome.code, 'ACME_TRANSPORT');
      for (let attempt = 0; attempt < 5; attempt += 1) await renew('shop');
      // Both are skipped now; one is asked all the same.
      meddle.second = () => null;
      clock.advance(MINUTE);
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'second');
    }));

  it('an order that stands with one that is skipped is abandoned for another', () =>
    withWorld(async ({ apply, renew, issuerOf, meddle, types, asked }) => {
      await apply(list('shop', 'a', 'b', 'c'));
      // It orders, and then both are gone.
      const isProof = ({ url }: HttpRequest): boolean => url.includes('/chalZ/');
      meddle.first = (request) => (isProof(request) ? down() : null);
      meddle.second = down;
      const [outcome] = await renew('shop');
      assert.ok(outcome?.kind === 'failed');
      meddle.first = down;
      await renew('a', 'b', 'c');
      meddle.second = () => null;
      const before = asked.first.length;
      assertRenewed(await renew('shop'));
      assert.equal(issuerOf('shop'), 'second');
      assert.equal(asked.first.length, before);
      assert.ok(types('shop').includes('renewal.failed') || types('shop').includes('renewal.superseded'));
    }));
});

describe('whose fault a failure is', () => {
  const withType = (type: string, code: 'ACME_PROBLEM' | 'ACME_AUTHORIZATION_INVALID' = 'ACME_PROBLEM'): unknown =>
    new AcmeProblemError(
      code,
      { ...blankProblem('no'), type: `urn:ietf:params:acme:error:${type}` },
      { httpStatus: 403, retryAfterMs: null },
      {},
    );

  it('the issuer refuses: policy, limits, CAA, also found while it validates', () => {
    for (const type of ['caa', 'rateLimited', 'rejectedIdentifier', 'unsupportedIdentifier', 'invalidProfile']) {
      assert.equal(meaningOf(withType(type)).blames, 'name', type);
    }
    assert.equal(meaningOf(withType('caa', 'ACME_AUTHORIZATION_INVALID')).blames, 'name');
  });

  it('a validation that fails, and what is ours, no other issuer can fix', () => {
    for (const type of ['unauthorized', 'connection', 'dns', 'tls', 'incorrectResponse']) {
      assert.equal(meaningOf(withType(type, 'ACME_AUTHORIZATION_INVALID')).blames, 'host', type);
    }
    for (const code of ['KEY_PROVIDER_NOT_READY', 'STORE_FULL', 'DNS_PROVIDER_FAILED', 'INTERNAL'] as const) {
      assert.equal(meaningOf(new EverbindError(code, 'no')).blames, 'us', code);
    }
    assert.equal(meaningOf(new EverbindError('CHALLENGE_SELF_CHECK_FAILED', 'no')).blames, 'host');
    assert.equal(meaningOf(new Error('a defect')).blames, 'us');
  });

  it('the issuer does not work: the line, its responses, its certificates', () => {
    for (const code of [
      'ACME_TRANSPORT',
      'ACME_TIMEOUT',
      'ACME_RESPONSE_INVALID',
      'PKI_ISSUED_NAMES_MISMATCH',
    ] as const) {
      assert.equal(meaningOf(new EverbindError(code, 'no')).blames, 'issuer', code);
    }
  });
});

describe('an issuer that has been asked for the certificate and does not respond', () => {
  const one = '[{ name: shop, names: [shop.issuers.test] }]';
  /** The first CA is away from the request for the certificate on. */
  const breakAtFinalize = (world: World): void => {
    let asked = false;
    world.meddle.first = ({ url }) => {
      if (asked) throw new EverbindError('ACME_TRANSPORT', 'away for the test');
      asked = url.includes('/finalize-order/');
      return null;
    };
  };

  it('is asked again, since it may have issued: one certificate for one due date', () =>
    withWorld(async (world) => {
      await world.apply(one);
      breakAtFinalize(world);
      assert.deepEqual(
        (await world.renew()).map(({ kind }) => kind),
        ['failed'],
      );
      assert.equal(world.asked.second.length, 0);
      world.meddle.first = () => null;
      world.clock.advance(2 * MINUTE);
      assert.deepEqual(
        (await world.renew()).map(({ kind }) => kind),
        ['renewed'],
      );
      assert.equal(world.issuerOf('shop'), 'first');
      assert.equal(world.asked.second.length, 0);
    }));

  it('also while all others skip it', () =>
    withWorld(async (world) => {
      await world.apply(one);
      breakAtFinalize(world);
      await world.renew();
      await world.state.store.commit(
        ({ db }) =>
          void db
            .prepare('UPDATE issuer_health SET failures = 3, closed_until = ?')
            .run(world.clock.now() + 10 * MINUTE),
      );
      world.meddle.first = () => null;
      world.clock.advance(2 * MINUTE);
      assert.deepEqual(await world.renew(), [], 'it waits for the first');
      assert.equal(world.asked.second.length, 0);
      world.clock.advance(9 * MINUTE);
      await world.renew();
      assert.equal(world.issuerOf('shop'), 'first');
    }));

  it('no longer than an hour where nothing is in use', () =>
    withWorld(async (world) => {
      await world.apply(one);
      breakAtFinalize(world);
      await world.renew();
      world.clock.advance(HOUR);
      assert.deepEqual(
        (await world.renew()).map(({ kind }) => kind),
        ['renewed'],
      );
      assert.equal(world.issuerOf('shop'), 'second');
    }));

  it('a day where the one in use lasts, not at all where it does not', () => {
    const now = 1_000_000_000_000;
    const context = (notAfter: number): Parameters<typeof mayHaveIssued>[0] => ({
      clock: { ...systemClock, now: () => now },
      store: { read: () => ({ notAfter }) } as unknown as State['store'],
    });
    const asked = (age: number, left: number, step: 'ordered' | 'authorized' = 'authorized'): boolean =>
      mayHaveIssued(context(now + left), {
        certificateId: 1,
        step,
        startedAt: now - 100 * 24 * HOUR,
        authorizedAt: now - age,
      });
    assert.equal(asked(23 * HOUR, 30 * 24 * HOUR), true);
    assert.equal(asked(24 * HOUR, 30 * 24 * HOUR), false);
    assert.equal(asked(0, 48 * HOUR), false);
    assert.equal(asked(0, 30 * 24 * HOUR, 'ordered'), false);
    assert.equal(asked(HOUR - 1, -1), true);
    assert.equal(asked(HOUR, -1), false);
  });
});

describe('how long an issuer is skipped', () => {
  it('not at first, then longer and longer, never beyond an hour and a tenth', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, uniform) => {
          const closed = closedForMs(failures, uniform);
          assert.equal(closed === 0, failures < 3);
          assert.ok(closed <= 1.1 * HOUR + 1);
          assert.ok(closed === 0 || closed >= 4.5 * MINUTE);
          assert.ok(closedForMs(failures + 2, uniform) >= closed);
        },
      ),
    );
  });

  it('a refusal: a day, or what the CA says between a minute and a week', () => {
    assert.equal(refusedForMs(null), 24 * HOUR);
    assert.equal(refusedForMs(0), MINUTE);
    assert.equal(refusedForMs(2 * HOUR), 2 * HOUR);
    assert.equal(refusedForMs(1e12), 7 * 24 * HOUR);
  });
});
