import { meaningOf } from '../../errors/error.ts';
import type { ComparedCertificate, Comparison, Deployment, Drift } from '../../ports/deployment.ts';
import { ifReadable } from '../../store/row.ts';
import type { Transaction } from '../../store/store.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import { applyAgain } from '../state/applied-config.ts';
import { nextLookAt } from '../schedule/due-date.ts';
import { certificatesToLook } from '../state/certificate-queries.ts';
import {
  driftOf,
  type Held,
  heldOf,
  lookLater,
  type ManagedCertificate,
  noteLook,
  requestDeployment,
} from '../state/certificate-table.ts';
import { activeOf, type Issued, otherThumbprints } from '../state/issued-table.ts';
import { openRenewalIfReadable } from '../state/renewal-table.ts';
import { targetsOf } from './deployment-job.ts';

/** What could not be looked at, or is being renewed, is looked at again after this time. */
const AGAIN_MS = 3_600_000;
/** Key stores are asked for so long: a device takes its time for each key. */
const PREPARES_MS = 120_000;
/** More are left to the next run. */
const MOST = 20_000;

/**
 * Compares what the server has with what was deployed, for the certificates whose time has come, and has what can be
 * restored deployed again in this run. What somebody chose otherwise is noted and skipped. A change is logged once.
 * Never keeps a certificate from being renewed: what cannot be looked at is put off.
 */
export async function lookForDrift(context: RunContext): Promise<void> {
  const { store, clock, random, signal } = context;
  const begun = clock.now();
  const { certificates, damaged } = store.read((db) => certificatesToLook(db, begun, MOST));
  if (damaged.length > 0) {
    await store.commit(({ db }) => {
      for (const id of damaged) lookLater(db, id, begun + AGAIN_MS);
      applyAgain(db);
    });
  }
  const looks: Look[] = [];
  for (const certificate of certificates) {
    signal.throwIfAborted();
    // Renewals wait for this: the rest is left to the next run.
    if (clock.now() > begun + PREPARES_MS) break;
    looks.push(await prepare(context, certificate));
  }
  if (looks.length === 0) return;
  // All at the same time, so that they share one reading of the server.
  const found = await Promise.all(looks.map(async (look) => ({ look, result: await compare(look) })));
  signal.throwIfAborted();
  await store.commit((transaction) => {
    const now = clock.now();
    for (const { look, result } of found) {
      const { id } = look.certificate;
      if (result === 'never') lookLater(transaction.db, id, null);
      else if (result === 'later') lookLater(transaction.db, id, now + AGAIN_MS);
      else note(transaction, look.certificate, result, nextLookAt(now, 'look', random.uniform()), now);
    }
  });
}

interface Place {
  readonly config: Held['config'];
  readonly deployment: Deployment;
  readonly certificate: ComparedCertificate;
}

interface Look {
  readonly certificate: ManagedCertificate;
  /** `later`: not now. */
  readonly places: readonly Place[] | 'never' | 'later';
  readonly lostKey: readonly Drift[];
}

async function prepare(context: RunContext, certificate: ManagedCertificate): Promise<Look> {
  const { id, name, config } = certificate;
  const state = readState(context, id);
  const look = (places: Look['places'], lostKey: readonly Drift[] = []): Look => ({ certificate, places, lostKey });
  // A row that is damaged is written anew first.
  if (state === null) return look('later');
  const { active, open, held, earlier } = state;
  if (active === null || config.deployments.length === 0) return look('never');
  if (open !== null) return look('later');
  try {
    const places = await Promise.all(
      config.deployments.map(async (place) => ({
        config: place,
        deployment: await context.deploymentFor(place, certificate),
        certificate: {
          name,
          identifiers: config.identifiers,
          thumbprint: active.thumbprint,
          held: targetsOf(held, place),
          earlier,
        },
      })),
    );
    return look(places, await lostKey(context, active));
  } catch {
    context.signal.throwIfAborted();
    return look('later');
  }
}

/** What the database has of it; null when a row of it is damaged. */
function readState({ store }: RunContext, id: number) {
  return ifReadable(() =>
    store.read((db) => {
      const inUse = activeOf(db, id);
      return {
        active: inUse,
        open: openRenewalIfReadable(db, id),
        held: heldOf(db, id),
        earlier: otherThumbprints(db, id, inUse?.id ?? 0),
      };
    }),
  );
}

/** A key that is merely away comes back; one that is gone needs another certificate. */
async function lostKey({ keys }: RunContext, { keyHandle }: Issued): Promise<readonly Drift[]> {
  try {
    await keys.open(keyHandle);
    return [];
  } catch (error) {
    if (meaningOf(error).resume !== 'discard') return [];
    return [{ target: `key ${keyHandle}`, code: 'key-missing', reason: 'it is gone for good', restorable: true }];
  }
}

interface Found {
  readonly held: readonly Held[];
  readonly drift: readonly Drift[];
}

async function compare({ places, lostKey: lost }: Look): Promise<Found | 'never' | 'later'> {
  if (typeof places === 'string') return places;
  try {
    const found = await Promise.all(
      places.map(async ({ config, deployment, certificate }) => ({
        config,
        held: certificate.held,
        comparison: (await deployment.compare?.(certificate)) ?? NOTHING,
      })),
    );
    return {
      // What has drifted is still to be compared the next time.
      held: found.map(({ config, held, comparison: { holding, drift } }) => ({
        config,
        targets: [...new Set([...holding, ...drift.map(({ target }) => target).filter((one) => held.includes(one))])],
      })),
      drift: [...lost, ...found.flatMap(({ comparison }) => comparison.drift)],
    };
  } catch {
    return 'later';
  }
}

const NOTHING: Comparison = { holding: [], drift: [] };

function note(
  { db, audit }: Transaction,
  { id, name }: ManagedCertificate,
  { held, drift }: Found,
  nextLook: number,
  now: number,
): void {
  const before = driftOf(db, id);
  if (drift.some(({ restorable }) => restorable)) requestDeployment(db, id, now);
  noteLook(db, id, { held, drift, nextLook });
  if (JSON.stringify(before) === JSON.stringify(drift)) return;
  audit({
    type: drift.length === 0 ? 'bindings.as-deployed' : 'bindings.drifted',
    subject: name,
    data: { drift: drift.map(({ target, code, restorable }) => ({ target, code, restorable })) },
  });
}
