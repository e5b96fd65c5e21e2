import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLabCa } from '../../../lab/test-ca.ts';
import type { State } from '../../../src/agent/state.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Issuer, Issuers } from '../../../src/ports/issuer.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import { ALL_DUE, type Selection } from '../../../src/renewal/engine/select.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { activeOf } from '../../../src/renewal/state/issued-table.ts';
import { fileDeployment } from '../support/file-server.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { keyHandles, rowsOf } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// An order stands open at an issuer, and before the next attempt something around it changes.

const DAY = 86_400_000;
const HOUR = 3_600_000;

interface World {
  readonly state: State;
  readonly engine: Engine;
  /** Requests that became orders, in order: the issuer of each. */
  readonly orders: string[];
  /** Told when an order stands; may throw. */
  onOrder: () => void;
  /** This machine cannot deploy. */
  deployable: boolean;
  /** Declares the certificate with this issuer, and no other one. */
  apply(issuer: string): Promise<void>;
  renew(): Promise<Outcome>;
  /** What is due, which must be the certificate. */
  renewDue(): Promise<Outcome>;
  readonly clock: SettableClock;
  /** What is open: kind and step. */
  open(): readonly string[];
  issuerInUse(): string | undefined;
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const clock = settableClock();
  return withState(clock, async (state, folder) => {
    const { store } = state;
    const ca = await createLabCa('Desk Root');
    const roots = [ca.der];
    const declared = new Set<string>();
    const never = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));
    const issuer = (name: string): Issuer => ({
      prepare: async () => {},
      issue: async (request, signer, journal) => {
        const accountUrl = `https://${name}.test/account`;
        if (request.state.step !== 'ordered') {
          world.orders.push(name);
          const orderUrl = `https://${name}.test/order/${world.orders.length}`;
          const event = { type: 'order.created', data: { order: orderUrl } };
          await journal.note(request, { step: 'ordered', orderUrl, accountUrl }, event);
        }
        world.onOrder();
        const names = request.identifiers.map(({ value }) => value);
        const validity = { notBefore: new Date(clock.now() - HOUR), notAfter: new Date(clock.now() + 90 * DAY) };
        return { chain: [await ca.certify({ names, ...validity }, signer.publicKey)], accountUrl, roots };
      },
      abandon: async () => {},
      revoke: never,
      renewalInformation: async () => null,
    });
    const issuers: Issuers = {
      open: (name) => {
        if (declared.has(name)) return issuer(name);
        throw new EverbindError('CONFIG_INVALID', `there is no issuer ${name}`);
      },
      tidyUp: async () => {},
    };
    const engine = engineWithoutAcme(state, clock, issuers, async () => {
      if (world.deployable) return fileDeployment(folder, 'shop.test:443');
      throw new EverbindError('IIS_NOT_INSTALLED', 'IIS is not installed');
    });
    const world: World = {
      state,
      engine,
      orders: [],
      onOrder: () => {},
      deployable: true,
      apply: (name) => {
        declared.clear();
        declared.add(name);
        return applyText(state, clock, configuration(name));
      },
      clock,
      renew: () => renewOnce(engine, { names: ['shop'], force: true }),
      renewDue: () => renewOnce(engine, ALL_DUE),
      open: () =>
        rowsOf(store, 'SELECT kind, step FROM renewal WHERE outcome IS NULL').map(
          (row) => `${String(row['kind'])} ${String(row['step'])}`,
        ),
      issuerInUse: () => store.read((db) => activeOf(db, 1))?.issuer,
    };
    await work(world);
  });
}

const configuration = (issuer: string): string =>
  `version: 1\nissuers: [{ name: ${issuer}, directory: "https://${issuer}.test/" }]\ncertificates: [{ name: shop, names: [shop.test], deployments: [{ type: iis }] }]\n`;

async function renewOnce(engine: Engine, selection: Selection): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const { signal } = new AbortController();
  await engine.renew(selection, (outcome) => outcomes.push(outcome), signal);
  assert.equal(outcomes.length, 1);
  return outcomes[0] as Outcome;
}

function lose(): never {
  throw new EverbindError('ACME_TRANSPORT', 'the connection is gone');
}

/** Leaves a renewal with an order behind. */
async function interrupt(world: World): Promise<void> {
  world.onOrder = lose;
  const outcome = await world.renew();
  assert.equal(outcome.kind === 'failed' ? outcome.code : outcome.kind, 'ACME_TRANSPORT');
  assert.deepEqual(world.open(), ['renewal ordered']);
  world.onOrder = () => {};
}

it('the issuer is no longer configured: the new one is asked at once', () =>
  withWorld(async (world) => {
    await world.apply('first');
    await interrupt(world);
    await world.apply('second');
    assert.equal((await world.renew()).kind, 'renewed');
    assert.equal(world.issuerInUse(), 'second');
    assert.deepEqual(world.orders, ['first', 'second']);
    assert.deepEqual(world.open(), []);
  }));

it('the issuer is no longer configured, and a person rolls back: the earlier certificate is bound', () =>
  withWorld(async (world) => {
    await world.apply('first');
    assert.equal((await world.renew()).kind, 'renewed');
    const earlier = world.state.store.read((db) => activeOf(db, 1));
    assert.equal((await world.renew()).kind, 'renewed');
    await interrupt(world);
    await world.apply('second');
    const outcome = await world.engine.rollBack('shop', new AbortController().signal);
    assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
    assert.equal(world.state.store.read((db) => activeOf(db, 1))?.thumbprint, earlier?.thumbprint);
    assert.deepEqual(world.open(), []);
  }));

it('this machine cannot deploy for a while: the order goes on, and its key is kept', () =>
  withWorld(async (world) => {
    await world.apply('first');
    await interrupt(world);
    const made = keyHandles(world.state.store);
    assert.ok(made.length > 0);
    world.deployable = false;
    const meanwhile = await world.renew();
    assert.equal(meanwhile.kind === 'failed' ? meanwhile.code : meanwhile.kind, 'IIS_NOT_INSTALLED');
    assert.deepEqual(keyHandles(world.state.store), made);
    world.deployable = true;
    assert.equal((await world.renew()).kind, 'renewed');
    assert.deepEqual(world.orders, ['first']);
  }));

it('this machine cannot deploy from the beginning: nothing is ordered', () =>
  withWorld(async (world) => {
    await world.apply('first');
    world.deployable = false;
    const outcome = await world.renew();
    assert.equal(outcome.kind === 'failed' ? outcome.code : outcome.kind, 'IIS_NOT_INSTALLED');
    assert.deepEqual(world.orders, []);
  }));

for (const [code, more] of [
  ['ACME_WAIT_TIMEOUT', {}],
  ['ACME_PROBLEM', { httpStatus: 500, meaning: { resume: 'continue', blames: 'issuer' } }],
  ['ACME_RESPONSE_INVALID', {}],
] as const) {
  it(`the issuer never finishes the order (${code}): a person who forces it gets another one at once`, () =>
    withWorld(async (world) => {
      await world.apply('first');
      await interrupt(world);
      world.onOrder = () => {
        if (world.orders.length === 1) throw new EverbindError(code, 'never for the test', {}, { facts: more });
      };
      assert.equal((await world.renew()).kind, 'renewed');
      assert.deepEqual(world.orders, ['first', 'first']);
      assert.deepEqual(world.open(), []);
    }));

  it(`the issuer never finishes the order (${code}): after a day there is another one`, () =>
    withWorld(async (world) => {
      await world.apply('first');
      world.onOrder = () => {
        if (world.orders.length === 1) throw new EverbindError(code, 'never for the test', {}, { facts: more });
      };
      const begun = world.clock.now();
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await world.renewDue();
        if (outcome.kind === 'renewed') break;
        assert.ok(outcome.kind === 'failed' && attempt < 12, JSON.stringify(outcome));
        world.clock.moveTo(outcome.nextAttempt);
      }
      assert.deepEqual(world.orders, ['first', 'first']);
      const hours = (world.clock.now() - begun) / HOUR;
      assert.ok(hours > 20 && hours < 40, `${hours} hours`);
    }));
}

it('the line to the issuer is broken: a person who forces it gets the same order', () =>
  withWorld(async (world) => {
    await world.apply('first');
    await interrupt(world);
    world.onOrder = lose;
    assert.equal((await world.renew()).kind, 'failed');
    world.onOrder = () => {};
    assert.equal((await world.renew()).kind, 'renewed');
    assert.deepEqual(world.orders, ['first']);
  }));
