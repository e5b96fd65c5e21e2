import assert from 'node:assert/strict';
import { createEventClock } from '../../../lab/simulation/event-clock.ts';
import { acmeDouble } from '../../../lab/simulation/acme-double.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runDaemon } from '../../../src/agent/daemon/daemon.ts';
import { databaseFile, openState } from '../../../src/agent/state.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { systemRandom } from '../../../src/net/system.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { type Daemon, readDaemon, removeDaemon } from '../../../src/renewal/state/daemon-row.ts';
import { acquireLease } from '../../../src/store/lease.ts';
import { openStore } from '../../../src/store/store.ts';
import { withFolder } from '../../renewal/support/obtain-state.ts';

const MINUTE = 60_000;
const CONFIGURATION = `version: 1
issuers: [{ name: ca, directory: "https://ca.test/directory", termsOfServiceAgreed: true }]
`;

interface Played {
  readonly clock: Clock;
  readonly folder: string;
  /** What the daemon says of itself; null: nothing. */
  row(): Promise<Daemon | null>;
  stop(): void;
}

/** Runs a daemon without certificates whose time passes only while it sleeps. Returns the codes of its troubles. */
async function play(
  folder: string,
  onSleep: (played: Played) => Promise<void>,
  before: (played: Played) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  await writeFile(join(folder, 'everbind.yaml'), CONFIGURATION);
  const stop = new AbortController();
  const troubles: string[] = [];
  let now = Date.UTC(2026, 10, 1);
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await onSleep(played);
      signal?.throwIfAborted();
      now += ms;
    },
  };
  const played: Played = {
    clock,
    folder,
    row: async () => {
      const store = openStore({ path: databaseFile(folder), clock, readOnly: true });
      try {
        return store.read(readDaemon);
      } finally {
        await store.close();
      }
    },
    stop: () => stop.abort(new EverbindError('CLI_INTERRUPTED', 'stop')),
  };
  await before(played);
  await runDaemon(
    { stateDir: folder, configFile: join(folder, 'everbind.yaml') },
    {
      clock,
      random: systemRandom,
      signal: stop.signal,
      openHost: () => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'none here')),
    },
    { onOutcome: () => {}, onTrouble: ({ code }) => troubles.push(code) },
  );
  assert.equal(await played.row(), null, 'told to stop, it takes itself off the record');
  return troubles;
}

test('between cycles nobody holds the lease or the file: another database may take its place, and is used from then on', () =>
  withFolder(async (folder) => {
    let replacedAt: number | null = null;
    const troubles = await play(folder, async ({ clock, row, stop }) => {
      const found = await row();
      if (replacedAt === null && found !== null && found.nextWake > found.seenAt) {
        const state = await openState(folder, { clock });
        await state.store.commit(({ db }) => removeDaemon(db));
        await (await acquireLease(state.store, clock)).release();
        await state.close();
        // As one does who puts back a backup.
        await copyFile(databaseFile(folder), `${databaseFile(folder)}.new`);
        await rename(`${databaseFile(folder)}.new`, databaseFile(folder));
        replacedAt = clock.now();
      } else if (replacedAt !== null && clock.now() >= replacedAt + 5 * MINUTE) {
        assert.ok(found !== null && found.seenAt > replacedAt, 'it is seen in the file that is there now');
        stop();
      }
    });
    assert.deepEqual(troubles, []);
  }));

test('a cycle that finds another Everbind at work is tried again; until then status says why', () =>
  withFolder(async (folder) => {
    let release = async (): Promise<void> => {};
    const seen: (string | null)[] = [];
    const troubles = await play(
      folder,
      async ({ row, stop }) => {
        const found = await row();
        if (found === null || found.nextWake <= found.seenAt) return;
        seen.push(found.trouble?.code ?? null);
        if (found.trouble === null) stop();
        await release();
      },
      async ({ clock }) => {
        const state = await openState(folder, { clock });
        const lease = await acquireLease(state.store, clock, 60 * MINUTE);
        release = async () => {
          await lease.release();
          await state.close();
        };
      },
    );
    assert.deepEqual(troubles, ['STORE_LEASE_HELD']);
    assert.equal(seen[0], 'STORE_LEASE_HELD');
    assert.equal(seen.at(-1), null);
  }));

test('work that stands still, and does not stop when it is told to, fails its cycle; the lease is free then', () =>
  withFolder(async (folder) => {
    const clock = createEventClock(Date.now());
    await writeFile(
      join(folder, 'everbind.yaml'),
      `${CONFIGURATION}certificates: [{ name: shop, names: [shop.test], deployments: [] }]\n`,
    );
    const ca = acmeDouble({
      host: 'ca.test',
      ca: await createLabCa('Root'),
      clock,
      manner: 'good',
      lifetimeMs: MINUTE,
    });
    const stop = new AbortController();
    const start = clock.now();
    const troubles: { readonly code: string; readonly minutes: number }[] = [];
    let taken: string | null = null;
    const running = runDaemon(
      { stateDir: folder, configFile: join(folder, 'everbind.yaml') },
      {
        clock,
        random: systemRandom,
        signal: stop.signal,
        openHost: () => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'none here')),
        // Deaf to every signal once it is to order.
        transportTo: () => (request, signal) =>
          request.url.endsWith('/order') ? new Promise(() => {}) : ca(request, signal),
      },
      {
        onOutcome: () => {},
        onTrouble: ({ code }) => {
          troubles.push({ code, minutes: Math.floor((clock.now() - start) / MINUTE) });
          const store = openStore({ path: databaseFile(folder), clock });
          acquireLease(store, clock)
            .then((lease) => lease.release())
            .then(
              () => (taken = 'taken'),
              ({ code: why }: EverbindError) => (taken = why),
            )
            .then(() => store.close())
            .finally(() => stop.abort(new EverbindError('CLI_INTERRUPTED', 'stop')))
            .catch(() => {});
        },
      },
    );
    await clock.drive(running);
    // An attempt with one issuer may take an hour.
    assert.deepEqual(troubles, [{ code: 'STORE_LEASE_STALLED', minutes: 76 }]);
    assert.equal(taken, 'taken');
  }));
