import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EverbindError, meaningOf } from '../../../src/errors/error.ts';
import { ERRORS, type ErrorCode } from '../../../src/errors/table.ts';
import { ALL_DUE, type Selection } from '../../../src/renewal/engine/select.ts';
import { RENEWAL_STEPS } from '../../../src/renewal/state/renewal-table.ts';
import { type Fault, type FaultyWorld, type Place, withFaultyWorld } from '../support/faulty-world.ts';

// Whatever fails, wherever, and however often: once it does not fail any more, the certificate is renewed within two
// attempts, each at its scheduled time; or forced by name, at once; and a roll-back leads out as well.

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** Codes of these rooms, and a defect. */
function codes(...rooms: readonly string[]): readonly ErrorCode[] {
  return CODES.filter((code) => code === 'INTERNAL' || rooms.includes(code.split('_')[0] ?? ''));
}

interface Combination {
  readonly places: readonly Place[];
  readonly notServed: boolean;
  readonly code: ErrorCode;
}

const ISSUER: readonly Place[] = [
  'issuer prepare',
  'issuer issue',
  'issuer order-requested',
  'issuer ordered',
  'issuer authorized',
  'issuer certificate',
];
const KEYS: readonly Place[] = ['key generate', 'key open', 'key attach'];
const HOST: readonly Place[] = [
  'deployment',
  'install before',
  'plan before',
  'look before',
  'apply before',
  'verify before',
  'retire before',
];
/** All of it has happened, and nobody was told. */
const HOST_AFTER: readonly Place[] = [
  'install after',
  'plan after',
  'look after',
  'apply after',
  'verify after',
  'retire after',
];
const COMMITS: readonly Place[] = ['commit at nothing', ...RENEWAL_STEPS.map((step) => `commit at ${step}` as const)];

function each(places: readonly Place[], of: readonly ErrorCode[], notServed = false): readonly Combination[] {
  return places.flatMap((place) => of.map((code) => ({ places: [place], notServed, code })));
}

const ofIssuer = codes('ACME', 'NET', 'PKI', 'CHALLENGE', 'DNS', 'SECRET', 'CONFIG', 'RENEWAL', 'KEY', 'STORE');
const ofHost = codes('IIS', 'WIN', 'KEY', 'VERIFY', 'STORE', 'RENEWAL');
const ofStore = codes('STORE');

const BY_NAME: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RENEWAL_ORDER_LOST',
  'STORE_CORRUPT',
  'IIS_RECORD_CHANGED_BY_OTHERS',
  'IIS_RECORD_NOT_RESTORABLE',
]);

const combinations: readonly Combination[] = [
  ...each(ISSUER, ofIssuer),
  ...each(KEYS, codes('KEY', 'WIN', 'STORE')),
  ...each(['check'], codes('PKI')),
  ...each(HOST, ofHost),
  ...representatives(each(HOST_AFTER, ofHost)),
  // Visitors do not get it, and it cannot be taken back.
  ...each(['restore before', 'restore after'], ofHost, true),
  ...each(COMMITS, ofStore),
  ...each(['commit at restoring'], ofStore, true),
  { places: [], notServed: true, code: 'VERIFY_WRONG_LEAF' },
];

/** How many attempts meet the fault: one, and more than those that anything is tried in a row. */
const TIMES = [1, 4];

/** So many combinations are run at least. */
const LEAST = 2500;

type Way = 'time' | 'force' | 'roll-back';
const WAYS: readonly Way[] = ['time', 'force', 'roll-back'];

const FORCED = (name: string): Selection => ({ names: [name], force: true });

function faultOf({ places, notServed, code }: Combination): Fault {
  const error = (): unknown =>
    code === 'INTERNAL' ? new TypeError('a defect for the test') : new EverbindError(code, 'fails for the test');
  return { places, notServed, error };
}

/** At the time that the last attempt has scheduled. */
async function attemptInTime(world: FaultyWorld, name: string): ReturnType<FaultyWorld['renew']> {
  const { nextDue } = world.certificate(name);
  if (nextDue > world.clock.now()) world.clock.moveTo(nextDue);
  return world.renew(name, ALL_DUE);
}

/** Why a certificate does not come out of what the fault has left behind; null when it does. */
async function deadEnd(world: FaultyWorld, name: string, way: Way): Promise<string | null> {
  const seen: string[] = [];
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const outcome =
      way === 'time'
        ? await attemptInTime(world, name)
        : await (way === 'force' ? world.renew(name, FORCED(name)) : world.rollBack(name));
    if (outcome?.kind === 'renewed') return null;
    seen.push(outcome !== null && 'code' in outcome ? `${outcome.kind} ${outcome.code}` : 'nothing');
  }
  return `${seen.join(', ')}; at ${String(world.openStep(name))}`;
}

const certificates = `[
  { name: shop, names: [shop.ends.test], deployments: [{ type: iis }] },
  { name: kept, names: [kept.ends.test], deployments: [{ type: iis }], key: { reuse: true } },
]`;

/** Two certificates in use, each with one before it. */
function withCertificates(work: (world: FaultyWorld) => Promise<void>): Promise<void> {
  return withFaultyWorld(certificates, async (world) => {
    for (const name of ['shop', 'shop', 'kept', 'kept']) {
      assert.equal((await world.renew(name, FORCED(name)))?.kind, 'renewed');
    }
    await work(world);
  });
}

/**
 * Codes that mean the same to the engine, and one of them for all; those that it knows by name stand for themselves.
 */
function representatives(of: readonly Combination[]): readonly Combination[] {
  const byMeaning = new Map<string, Combination>();
  for (const one of of) {
    const named = BY_NAME.has(one.code) ? one.code : '';
    const meaning = meaningOf(new EverbindError(one.code, ''));
    const key = JSON.stringify([one.places, one.notServed, named, meaning, one.code.startsWith('STORE_')]);
    if (!byMeaning.has(key)) byMeaning.set(key, one);
  }
  return [...byMeaning.values()];
}

interface Case extends Combination {
  readonly name: 'shop' | 'kept';
  readonly way: Way;
}

const some = representatives(combinations);
const cases: readonly Case[] = [
  ...combinations.map((one) => ({ ...one, name: 'shop', way: 'time' }) as const),
  ...some.flatMap((one) => (['force', 'roll-back'] as const).map((way) => ({ ...one, name: 'shop', way }) as const)),
  ...some.flatMap((one) => WAYS.map((way) => ({ ...one, name: 'kept', way }) as const)),
];

it('from everything that fails, time, force and a roll-back lead out within two attempts', () =>
  withCertificates(async (world) => {
    const stoodAt = new Set<string>();
    const neverMet = new Set(combinations.flatMap(({ places }) => places));
    const ends: string[] = [];
    let ran = 0;
    for (const one of cases) {
      const { name, way, places, notServed, code } = one;
      const times = TIMES[ran % TIMES.length] ?? 1;
      ran += 1;
      // A certificate to go back to, which has not expired.
      if (way === 'roll-back' && (await world.renew(name, FORCED(name)))?.kind !== 'renewed') {
        ends.push(`nothing to go back to before ${places.join()} ${code}, ${name}`);
        continue;
      }
      await world.makeDue(name);
      world.met = 0;
      world.fault = faultOf(one);
      for (let attempt = 0; attempt < times; attempt += 1) {
        // What is tidied up afterwards makes no attempt fail.
        if ((await attemptInTime(world, name))?.kind === 'renewed') break;
      }
      world.fault = null;
      if (world.certificate(name).dueReason === 'lifetime') await world.makeDue(name);
      if (world.met > 0) for (const place of places) neverMet.delete(place);
      stoodAt.add(world.openStep(name) ?? 'nothing');
      const end = await deadEnd(world, name, way);
      if (end === null) continue;
      ends.push(`${way} after ${places.join()}${notServed ? ' not served' : ''} ${code} × ${times}, ${name}: ${end}`);
      // The next one begins with a certificate in use.
      for (let attempt = 0; attempt < 9 && world.openStep(name) !== null; attempt += 1) {
        await world.renew(name, FORCED(name));
      }
    }
    console.log(`${ran} combinations; left at ${[...stoodAt].join(', ')}`);
    assert.deepEqual(ends, []);
    assert.deepEqual([...neverMet], []);
    assert.deepEqual(
      RENEWAL_STEPS.filter((step) => !stoodAt.has(step)),
      [],
    );
    assert.ok(ran >= LEAST, `${ran} combinations`);
  }));

it('a restoration that fails for ever, of bindings that are not served, is told as a dead end', () =>
  withCertificates(async (world) => {
    await world.makeDue('shop');
    world.fault = faultOf({ places: ['restore before'], notServed: true, code: 'WIN_CALL_FAILED' });
    await attemptInTime(world, 'shop');
    assert.match((await deadEnd(world, 'shop', 'time')) ?? '', /RENEWAL_NOT_RESTORED; at restoring$/);
  }));
