import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gated } from '../../../../lab/pebble/gate.ts';
import { type Pebble, startPebble } from '../../../../lab/pebble/server.ts';
import type { State } from '../../../../src/agent/state.ts';
import { EverbindError } from '../../../../src/errors/error.ts';
import { createTransport, type NetTransport } from '../../../../src/net/transport.ts';
import { parsePemRoots } from '../../../../src/pki/asn1/pem.ts';
import type { HttpRequest, HttpResponse } from '../../../../src/ports/transport.ts';
import type { Engine } from '../../../../src/renewal/engine/engine.ts';
import { showCertificate } from '../../../../src/overview/certificate-detail.ts';
import { stagingDirectory } from '../../../../src/renewal/issuers/acme/order/preview.ts';
import type { Outcome } from '../../../../src/renewal/engine/outcome.ts';
import { type SettableClock, settableClock } from '../../support/obtain-clock.ts';
import { eventsOf, keyHandles, rowsOf } from '../../support/obtain-rows.ts';
import { applyText, withFolder } from '../../support/obtain-state.ts';
import { problemResponse } from '../../support/obtain-world.ts';
import { openEngine } from '../../support/state.ts';
import { presentedTokens, serveTokens, tokenFolderSolver } from '../../support/token-folder.ts';

// A CA and its staging environment, which are two CAs that validate for real. What the second one issues is of no use.

const DAY = 86_400_000;
const places = ['real', 'staging'] as const;
type Place = (typeof places)[number];

let pebbles: Readonly<Record<Place, Pebble>>;
let rootPem: string;
let stopTokens: (() => Promise<void>)[];
const folders = new Set<string>();

before(async () => {
  const [real, staging] = await Promise.all([startPebble(), startPebble()]);
  pebbles = { real, staging };
  rootPem = await real.rootPem();
  stopTokens = await Promise.all(
    [real, staging].map(({ httpPort }) =>
      serveTokens(httpPort, () => [...folders].map((folder) => join(folder, 'tokens'))),
    ),
  );
});
after(async () => {
  for (const stop of stopTokens) await stop();
  for (const pebble of Object.values(pebbles)) await pebble.stop();
});

interface World {
  readonly folder: string;
  readonly clock: SettableClock;
  readonly state: State;
  readonly engine: Engine;
  /** Orders that each of them was asked for. */
  readonly orders: Record<Place, number>;
  /** Responds in place of one of them, or throws; null leaves it to the CA. */
  readonly meddle: Record<Place, (request: HttpRequest) => HttpResponse | null>;
  /** Whether challenge responses are right. */
  rightResponse: boolean;
  /** Told where a challenge response is about to be made visible for; may throw. */
  onPresent: (place: Place) => void;
  /** Told each durable step; may throw, as a kill would. */
  onProgress: (step: string) => void;
  apply(issuer?: string): Promise<void>;
  renew(options?: { readonly force?: boolean; readonly signal?: AbortSignal }): Promise<Outcome>;
  /** Moves on to the next attempt and makes it. */
  retry(): Promise<Outcome>;
  types(from?: number): readonly string[];
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const clock = settableClock();
    const lines: NetTransport[] = [];
    const tokens = tokenFolderSolver(join(folder, 'tokens'));
    folders.add(folder);
    let ordered: Place = 'real';
    const ca = { directoryUrl: pebbles.real.directoryUrl, listenerCaPem: pebbles.real.listenerCaPem, rootPem };
    const opened = await openEngine(folder, ca, {
      clock,
      ports: {
        onProgress: ({ step }) => world.onProgress(step),
        transportFor: async ({ directory }) => {
          const place: Place = directory === pebbles.real.directoryUrl ? 'real' : 'staging';
          const net = createTransport({ roots: [pebbles[place].listenerCaPem], proxy: null });
          lines.push(net);
          const transport = gated(net);
          return async (request, signal) => {
            const instead = world.meddle[place](request);
            if (instead !== null) return instead;
            if (request.url.endsWith('/order-plz')) {
              world.orders[place] += 1;
              ordered = place;
            }
            return transport(request, signal);
          };
        },
        // What staging issues ends in no root that is trusted.
        rootsFor: async () => parsePemRoots(rootPem),
        solverFor: () => ({
          ...tokens,
          present: async (task, signal) => {
            world.onPresent(ordered);
            const shown = world.rightResponse ? task.keyAuthorization : 'of somebody else';
            await tokens.present({ ...task, keyAuthorization: shown }, signal);
          },
        }),
      },
    });
    const { state, engine } = opened;
    const world: World = {
      folder,
      clock,
      state,
      engine,
      orders: { real: 0, staging: 0 },
      meddle: { real: () => null, staging: () => null },
      rightResponse: true,
      onPresent: () => {},
      onProgress: () => {},
      apply: (issuer = `, staging: "${pebbles.staging.directoryUrl}"`) =>
        applyText(
          state,
          clock,
          `version: 1\nissuers: [{ name: ca, directory: "${ca.directoryUrl}", termsOfServiceAgreed: true${issuer} }]\ncertificates: [{ name: shop, names: [shop.staging.test], deployments: [], keepOld: 0 }]\n`,
        ),
      renew: async ({ force = false, signal = new AbortController().signal } = {}) => {
        const outcomes: Outcome[] = [];
        await engine.renew({ names: [], force }, (outcome) => outcomes.push(outcome), signal);
        const [outcome] = outcomes;
        assert.ok(outcome !== undefined && outcomes.length === 1, JSON.stringify(outcomes));
        return outcome;
      },
      retry: () => {
        clock.moveTo(state.store.read((db) => showCertificate(db, 'shop')).certificate.nextDue);
        return world.renew();
      },
      types: (from = 0) => eventsOf(state.store, 'shop', from).map(({ type }) => type),
    };
    try {
      await work(world);
    } finally {
      folders.delete(folder);
      await opened.close();
      for (const line of lines) line.close();
    }
  });
}

function assertFailed(outcome: Outcome, code: string): void {
  assert.equal(outcome.kind === 'failed' ? outcome.code : outcome.kind, code, JSON.stringify(outcome));
}

function assertRenewed(outcome: Outcome): void {
  assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
}

/** The first attempt fails at the real CA. */
async function failOnce(world: World): Promise<void> {
  world.rightResponse = false;
  assertFailed(await world.renew(), 'ACME_AUTHORIZATION_INVALID');
  assert.deepEqual(world.orders, { real: 1, staging: 0 });
}

/** Nothing of a staging run is left, and the one certificate is that of the real CA. */
function assertSettled({ state, folder }: World): void {
  assert.deepEqual(rowsOf(state.store, 'SELECT * FROM staging_run'), []);
  assert.deepEqual(rowsOf(state.store, 'SELECT * FROM key_deletion'), []);
  assert.deepEqual(rowsOf(state.store, 'SELECT * FROM challenge_response'), []);
  assert.deepEqual(presentedTokens(join(folder, 'tokens')), []);
  const used = rowsOf(state.store, 'SELECT key_handle FROM account UNION SELECT key_handle FROM issued ORDER BY 1');
  assert.deepEqual(
    keyHandles(state.store),
    used.map((row) => row['key_handle']),
  );
  const { issued } = state.store.read((db) => showCertificate(db, 'shop'));
  assert.deepEqual(
    issued.map(({ status }) => status),
    ['active'],
  );
  const real = rowsOf(
    state.store,
    'SELECT url FROM account WHERE directory = ?'.replace('?', `'${pebbles.real.directoryUrl}'`),
  );
  assert.equal(issued[0]?.accountUrl, real[0]?.['url']);
}

const down = (): never => {
  throw new EverbindError('ACME_TRANSPORT', 'no connection', {});
};

describe('a retry after a failed validation', () => {
  it('is tried at the staging environment first; once it passes there, the real CA is asked in the same attempt', () =>
    withWorld(async (world) => {
      await world.apply();
      await failOnce(world);
      const { certificate } = world.state.store.read((db) => showCertificate(db, 'shop'));
      assert.equal(
        world.state.store.read((db) => stagingDirectory(db, certificate, world.clock.now())),
        pebbles.staging.directoryUrl,
      );
      // Still wrong: the real CA does not hear of it.
      assertFailed(await world.retry(), 'RENEWAL_STAGING_RUN_FAILED');
      assert.deepEqual(world.orders, { real: 1, staging: 1 });
      world.rightResponse = true;
      const from = world.types().length;
      assertRenewed(await world.retry());
      assert.deepEqual(world.orders, { real: 2, staging: 2 });
      assert.deepEqual(world.types().slice(from), [
        'renewal.started',
        'staging-run.order-created',
        'staging-run.passed',
        'key.generated',
        'order.requested',
        'order.created',
        'order.ready',
        'certificate.issued',
        'renewal.committed',
        'key.destroyed',
        'key.destroyed',
        'key.destroyed',
      ]);
      assertSettled(world);
      // An account and a key of its own.
      const accounts = rowsOf(world.state.store, 'SELECT DISTINCT directory, key_handle, url FROM account');
      assert.equal(accounts.length, 2);
      assert.equal(new Set(accounts.map((row) => row['key_handle'])).size, 2);
      // The next renewal has nothing to make up for.
      assertRenewed(await world.renew({ force: true }));
      assert.deepEqual(world.orders, { real: 3, staging: 2 });
    }));

  it('is not, where that is not wished or the CA has none', () =>
    withWorld(async (world) => {
      await world.apply(', staging: false');
      await failOnce(world);
      world.rightResponse = true;
      assertRenewed(await world.retry());
      assert.deepEqual(world.orders, { real: 2, staging: 0 });
      assertSettled(world);
    }));

  it('is not after a failure that counts against nothing', () =>
    withWorld(async (world) => {
      await world.apply();
      world.meddle.real = ({ url }) => (url.endsWith('/order-plz') ? problemResponse(500, 'serverInternal') : null);
      assertFailed(await world.renew(), 'ACME_PROBLEM');
      world.meddle.real = () => null;
      assertRenewed(await world.retry());
      assert.equal(world.orders.staging, 0);
    }));

  it('is not when the certificate in use is about to expire', () =>
    withWorld(async (world) => {
      await world.apply();
      assertRenewed(await world.renew());
      world.rightResponse = false;
      // Valid authorizations would be used again.
      world.clock.advance(86 * DAY);
      const { issued } = world.state.store.read((db) => showCertificate(db, 'shop'));
      await world.state.store.commit(({ db }) => {
        db.prepare('INSERT INTO staging_run (certificate_id) SELECT id FROM certificate').run();
      });
      assert.ok((issued[0]?.notAfter ?? 0) - world.clock.now() < 90 * DAY * 0.05);
      await world.renew();
      assert.deepEqual(world.orders, { real: 2, staging: 0 });
    }));
});

describe('a staging environment', () => {
  const troubles: readonly (readonly [string, (request: HttpRequest) => HttpResponse | null])[] = [
    ['is down', down],
    ['is down once the account is there', ({ url }) => (url.endsWith('/order-plz') ? down() : null)],
    [
      'wants what the real CA does not',
      ({ url }) => (url.endsWith('/sign-me-up') ? problemResponse(403, 'externalAccountRequired') : null),
    ],
    [
      'refuses the order',
      ({ url }) => (url.endsWith('/order-plz') ? problemResponse(400, 'rejectedIdentifier') : null),
    ],
    ['limits us', ({ url }) => (url.endsWith('/order-plz') ? problemResponse(429, 'rateLimited') : null)],
    [
      'will not finish',
      ({ url }) => (url.includes('/finalize-order/') ? problemResponse(500, 'serverInternal') : null),
    ],
    ['speaks no ACME', () => ({ status: 200, headers: { 'content-type': ['text/html'] }, body: Buffer.from('hello') })],
  ];
  for (const [how, trouble] of troubles) {
    it(`that ${how} keeps no certificate from being renewed`, () =>
      withWorld(async (world) => {
        await world.apply();
        await failOnce(world);
        world.rightResponse = true;
        world.meddle.staging = trouble;
        assertRenewed(await world.retry());
        assert.equal(world.orders.real, 2);
        assert.equal(world.types().filter((type) => type === 'staging-run.skipped').length, 1);
        assertSettled(world);
      }));
  }

  it('whose account has a record that nobody may write keeps no certificate from being renewed', () =>
    withWorld(async (world) => {
      await world.apply();
      await failOnce(world);
      world.rightResponse = true;
      world.onPresent = (place) => {
        if (place === 'staging') throw new EverbindError('DNS_ZONE_NOT_FOUND', 'no zone for this label');
      };
      assertRenewed(await world.retry());
      assert.deepEqual(world.orders, { real: 2, staging: 1 });
      assert.equal(world.types().filter((type) => type === 'staging-run.skipped').length, 1);
      assertSettled(world);
    }));

  it('that never sees the challenge response is asked three times, then the real CA', () =>
    withWorld(async (world) => {
      await world.apply();
      await failOnce(world);
      world.rightResponse = true;
      world.onPresent = (place) => {
        if (place === 'staging') throw new EverbindError('CHALLENGE_SELF_CHECK_FAILED', 'not seen');
      };
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        assertFailed(await world.retry(), 'CHALLENGE_SELF_CHECK_FAILED');
        assert.deepEqual(world.orders, { real: 1, staging: attempt });
      }
      assert.equal(world.types().filter((type) => type === 'staging-run.failed').length, 3);
      assertRenewed(await world.retry());
      assert.deepEqual(world.orders, { real: 2, staging: 3 });
      assertSettled(world);
    }));

  it('that is wrong itself is believed three times', () =>
    withWorld(async (world) => {
      await world.apply();
      await failOnce(world);
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        assertFailed(await world.retry(), 'RENEWAL_STAGING_RUN_FAILED');
        assert.deepEqual(world.orders, { real: 1, staging: attempt });
      }
      assertFailed(await world.retry(), 'ACME_AUTHORIZATION_INVALID');
      assert.deepEqual(world.orders, { real: 2, staging: 3 });
      // And again from the beginning.
      assertFailed(await world.retry(), 'RENEWAL_STAGING_RUN_FAILED');
      world.rightResponse = true;
      assertRenewed(await world.retry());
      assert.deepEqual(world.orders, { real: 3, staging: 5 });
      assertSettled(world);
    }));
});

describe('a staging run that is interrupted', () => {
  /** Stops at the first request to staging that has this in its address, and runs again. */
  const places: readonly string[] = ['/sign-me-up', '/order-plz', '/authZ/', '/chalZ/', '/finalize-order/'];
  for (const place of places) {
    it(`at ${place} goes on, with one order of the real CA`, () =>
      withWorld(async (world) => {
        await world.apply();
        await failOnce(world);
        world.rightResponse = true;
        const stop = new AbortController();
        world.meddle.staging = ({ url }) => {
          if (!url.includes(place)) return null;
          stop.abort(new Error('stopped for the test'));
          return down();
        };
        world.clock.moveTo(world.state.store.read((db) => showCertificate(db, 'shop')).certificate.nextDue);
        await assert.rejects(world.renew({ signal: stop.signal }), /stopped for the test/);
        assert.equal(world.orders.real, 1);
        world.meddle.staging = () => null;
        assertRenewed(await world.renew());
        // An order that was there is gone on with.
        assert.deepEqual(world.orders, { real: 2, staging: 1 });
        assert.equal(world.types().filter((type) => type === 'staging-run.passed').length, 1);
        assertSettled(world);
      }));
  }

  it('after it has passed is not repeated', () =>
    withWorld(async (world) => {
      await world.apply();
      await failOnce(world);
      world.rightResponse = true;
      const stop = new AbortController();
      world.meddle.real = ({ url }) => {
        if (!url.endsWith('/order-plz')) return null;
        stop.abort(new Error('stopped for the test'));
        return down();
      };
      world.clock.moveTo(world.state.store.read((db) => showCertificate(db, 'shop')).certificate.nextDue);
      await assert.rejects(world.renew({ signal: stop.signal }), /stopped for the test/);
      world.meddle.real = () => null;
      assertRenewed(await world.renew());
      assert.deepEqual(world.orders, { real: 2, staging: 1 });
      assertSettled(world);
    }));
});
