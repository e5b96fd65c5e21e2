import { applyConfig } from '../../src/renewal/engine/apply-config.ts';
import { nextWake } from '../../src/renewal/state/certificate-queries.ts';
import { statement } from '../../src/store/statements.ts';
import { createCa, type SimulatedCa } from './ca.ts';
import { type CaProfile, CAS, type Lifetime, LIFETIMES } from './cas.ts';
import { createClock } from './clock.ts';
import { drawTroubles, type Outage, type SimulationEvent } from './events.ts';
import { type Exchange, simulatedExchange } from './exchange.ts';
import { createFleet, type FleetChange } from './fleet.ts';
import { createRandom } from './random.ts';
import { createSpread, type Spread } from './spread.ts';
import { createWatch, type Watch } from './watch.ts';
import { openWorld } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Between two cycles at least, as when a scheduled task calls `everbind renew --all-due`; `everbind run` wakes to the
 * second.
 */
const SHORTEST = HOUR;
/** However little there is to do. */
const LONGEST = 6 * HOUR;
/** What waits for the next cycle is late by this at most. */
const SLACK = SHORTEST;
/** The fleet is declared over so many days, so many times a few more. */
const ROLLOUT_DAYS = 20;
const BATCHES = 40;
const START = Date.UTC(2027, 0, 1);

export interface SimulationOptions {
  readonly seed: string;
  readonly certificates: number;
  readonly days: number;
  readonly cas?: readonly CaProfile[];
  readonly lifetimes?: readonly Lifetime[];
  /** Changes what the engine works with: to break a promise on purpose. */
  readonly mutate?: (exchange: Exchange) => Exchange;
  /** Changes what the engine is, around each cycle. */
  readonly meddle?: (cycle: Meddled) => Promise<void>;
  readonly onProgress?: (progress: Progress) => void;
}

/** What a test that breaks something may reach. */
export interface Meddled {
  readonly now: number;
  /** Runs SQL on the engine's database. */
  run(sql: string): Promise<void>;
}

export interface Progress {
  readonly day: number;
  readonly issued: number;
  readonly polled: number;
}

export interface SimulationResult {
  readonly watch: Watch;
  readonly spread: Spread;
  readonly outages: readonly Outage[];
  readonly events: readonly SimulationEvent[];
  readonly cas: ReadonlyMap<string, SimulatedCa>;
  /** Part of the account limits that was used, by CA, the greatest of each day. */
  readonly used: ReadonlyMap<string, Float64Array>;
  readonly certificates: number;
  readonly start: number;
  readonly days: number;
  /** Orders that a CA refused for a limit. */
  readonly limitBreaches: number;
  /** See Spread. */
  readonly peak: number;
  readonly databaseMiB: number;
  readonly cycles: number;
}

/**
 * Years of a fleet in minutes: the engine, its schedule and its database are the real ones; the CAs, the keys and the
 * time are not.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, certificates, days, cas: profiles = CAS, lifetimes = LIFETIMES } = options;
  const end = START + days * DAY;
  const clock = createClock(START);
  const fleet = createFleet(profiles, lifetimes, createRandom(`${seed}:fleet`));
  const quietDays = Math.min(ROLLOUT_DAYS + 10, days / 4);
  const rolloutMs = Math.min(ROLLOUT_DAYS, days / 6) * DAY;
  const { outages, events } = drawTroubles(
    profiles,
    { start: START, days, quietDays },
    createRandom(`${seed}:troubles`),
  );
  const cas = new Map(
    profiles.map((profile) => [
      profile.name,
      createCa(profile, outages, createRandom(`${seed}:${profile.name}`), (name, limit, at) =>
        watch.broken.note('limit', at, `${name}: ${profile.name} refuses it for its limit of ${limit}`),
      ),
    ]),
  );
  const spread = createSpread([...cas.keys()], START, days);
  const watch = createWatch({ fleet, now: clock.now, slackMs: SLACK });
  const used = new Map(profiles.map(({ name }) => [name, new Float64Array(days + 1)]));
  const world = openWorld(clock, createRandom(`${seed}:engine`));
  const { store } = world;
  const exchange = simulatedExchange({
    store,
    clock,
    cas,
    lifetimeOf: fleet.lifetimeOf,
    overheard: {
      ...watch,
      issued: (certificate, order) => {
        spread.count(certificate.ca, certificate.issuedAt);
        watch.issued(certificate, order);
      },
    },
  });
  const engine = world.engineWith(options.mutate?.(exchange) ?? exchange);
  const { signal } = new AbortController();

  const reconfigure = async (change: FleetChange): Promise<void> => {
    const config = fleet.config();
    watch.configured(change);
    await applyConfig(store, config.fingerprint, clock.now(), async () => config);
  };
  const readDraw = (name: string): number | null =>
    store.read(
      (db) =>
        (statement(db, 'SELECT selected FROM certificate WHERE name = ?').get(name)?.['selected'] ?? null) as
          | number
          | null,
    );
  const refresh = async (): Promise<void> => {
    await engine.pollRenewalInfo(signal);
    watch.noteDraws(readDraw);
  };
  const happen = async (event: SimulationEvent): Promise<void> => {
    if (event.type === 'incident') {
      // It is heard of within a day, and what it has renewed comes back together a lifetime later.
      for (const later of [0, DAY]) spread.disturbed(clock.now() + later);
      cas.get(event.ca)?.startIncident(event.part, clock.now());
    } else {
      spread.disturbed(clock.now());
      await reconfigure(fleet.edit(event.move));
    }
  };

  try {
    await world.haveAccounts([...cas.keys()]);
    let grown = 0;
    let cycles = 0;
    const coming = [...events];
    const turns = outages.flatMap(({ start, end: over }) => [start, over]).sort((one, other) => one - other);
    for (;;) {
      const now = clock.now();
      if (grown < BATCHES && now >= START + (grown * rolloutMs) / BATCHES) {
        grown += 1;
        spread.disturbed(now);
        await reconfigure(fleet.grow(Math.round((certificates * grown) / BATCHES) - fleet.certificates.size));
      }
      while (coming[0] !== undefined && coming[0].at <= now) await happen(coming.shift() as SimulationEvent);
      await refresh();
      let renewed = false;
      await engine.renew(
        { names: [], force: false },
        (outcome) => {
          if (outcome.kind !== 'renewed') return;
          renewed = true;
          watch.renewed(outcome.name, outcome.thumbprint);
        },
        signal,
      );
      if (renewed) await refresh();
      await options.meddle?.({ now, run: (sql) => store.commit(({ db }) => db.exec(sql)) });
      watch.lookAt(now);
      cycles += 1;
      while (turns[0] !== undefined && turns[0] <= now) turns.shift();
      const batch = grown < BATCHES ? Math.ceil(START + (grown * rolloutMs) / BATCHES) : end;
      const wake = Math.min(store.read(nextWake) ?? end, coming[0]?.at ?? end, turns[0] ?? end, batch, now + LONGEST);
      const next = Math.min(Math.max(wake, now + SHORTEST), end);
      for (const [name, ca] of cas) {
        watch.usable.add(name, now, next, ca.isUsable(now));
        watch.roomy.add(name, now, next, ca.hasRoom(now));
        const list = used.get(name);
        const day = Math.floor((now - START) / DAY);
        if (list !== undefined) list[day] = Math.max(list[day] ?? 0, ca.used(now));
      }
      const day = Math.floor((next - START) / DAY);
      if (day > Math.floor((now - START) / DAY)) {
        options.onProgress?.({ day, issued: watch.issuedCount, polled: watch.polledCount });
      }
      if (next >= end) {
        watch.finish();
        const peak = spread.judge(outages, watch.broken);
        const limitBreaches = [...cas.values()].flatMap(({ refusals }) => [...refusals.values()]);
        const databaseMiB = world.databaseSize() / 2 ** 20;
        return {
          watch,
          spread,
          outages,
          events,
          cas,
          used,
          certificates,
          start: START,
          days,
          limitBreaches: limitBreaches.reduce((sum, count) => sum + count, 0),
          peak,
          databaseMiB,
          cycles,
        };
      }
      clock.moveTo(next);
    }
  } finally {
    await world.close();
  }
}
