import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { anythingDue, selectIds, type Selection } from '../../../src/renewal/engine/select.ts';
import { listCertificates } from '../../../src/overview/list-certificates.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { certificateById } from '../../../src/renewal/state/certificate-table.ts';
import type { Store } from '../../../src/store/store.ts';
import { coded } from '../../acme/support.ts';
import { settableClock } from '../support/obtain-clock.ts';
import { eventTypes } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';

const HOUR = 3_600_000;
const all: Selection = { names: [], force: false };

function declared(names: readonly string[]): string {
  const certificates = names.map((name) => `{ name: ${name}, names: [${name}.due.test], deployments: [] }`);
  return `version: 1\nissuers: [{ name: ca, directory: "https://ca.test/dir" }]\ncertificates: [${certificates.join(', ')}]\n`;
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `c${index}`);
}

/**
 * Runs the work with a store in which these certificates are declared; `clock` stands for the time of the declaration.
 */
function withDeclared(
  names: readonly string[],
  work: (store: Store, clock: ReturnType<typeof settableClock>, declare: typeof applyText) => Promise<void>,
): Promise<void> {
  const clock = settableClock();
  return withState(clock, async (state) => {
    await applyText(state, clock, declared(names));
    await work(state.store, clock, applyText);
  });
}

function selected(store: Store, selection: Selection, now: number): readonly string[] {
  return [...selectIds(store.read, selection, { now: () => now })].map((id) => nameOf(store, id));
}

function nameOf(store: Store, id: number): string {
  return store.read((db) => certificateById(db, id))?.name ?? '';
}

async function setDue(store: Store, name: string, at: number): Promise<void> {
  await store.commit(({ db }) => void db.prepare('UPDATE certificate SET next_due = ? WHERE name = ?').run(at, name));
}

function addActive(db: DatabaseSync, name: string, notAfter: number): void {
  db.prepare(
    `INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at)
     SELECT id, name, 'active', '', 'ec-p256', 'software:r-' || name, 'ca', 'https://ca.test/account', 0, ?, 0 FROM certificate WHERE name = ?`,
  ).run(notAfter, name);
}

function addOpenRenewal(db: DatabaseSync, name: string): void {
  db.prepare(
    `INSERT INTO renewal (id, certificate_id, kind, step, issuer, identifiers, algorithm, key_handle, started_at)
     SELECT 'open-' || name, id, 'renewal', 'planned', 'ca', '[]', 'ec-p256', 'software:r-' || name, 0 FROM certificate WHERE name = ?`,
  ).run(name);
}

/** One certificate as the selection sees it. */
interface Given {
  readonly removed: boolean;
  readonly open: boolean;
  /** Hours from now. */
  readonly due: number;
  /** Hours from now; null: nothing was issued. */
  readonly expires: number | null;
}

const anyGiven: fc.Arbitrary<Given> = fc.record({
  removed: fc.boolean(),
  open: fc.boolean(),
  due: fc.integer({ min: -9, max: 9 }),
  expires: fc.option(fc.integer({ min: -9, max: 9 })),
});

describe('the selection', () => {
  it('is: what removed ones left half-done, then expired ones, then the others by due time', async () => {
    const names = numbered(12);
    await withDeclared(names, async (store, clock) => {
      const now = clock.now();
      await fc.assert(
        fc.asyncProperty(fc.array(anyGiven, { maxLength: names.length }), fc.boolean(), async (given, force) => {
          await store.commit(({ db }) => {
            db.exec('DELETE FROM renewal; DELETE FROM issued; UPDATE certificate SET removed = 1');
            const set = db.prepare('UPDATE certificate SET removed = ?, next_due = ? WHERE name = ?');
            for (const [index, { removed, open, due, expires }] of given.entries()) {
              set.run(removed ? 1 : 0, now + due * HOUR, `c${index}`);
              if (expires !== null) addActive(db, `c${index}`, now + expires * HOUR);
              if (open) addOpenRenewal(db, `c${index}`);
            }
          });
          const entries = given.map((one, index) => ({ ...one, name: `c${index}` }));
          const managed = entries.filter(({ removed }) => !removed);
          const due = managed.filter((one) => one.due <= 0);
          const order = selected(store, { names: [], force }, now);
          // Among equals any order will do.
          const rank = (name: string): readonly number[] => {
            const one = entries.find((entry) => entry.name === name);
            assert.ok(one !== undefined);
            if (one.removed) return [0, 0];
            if (one.due <= 0 && one.expires !== null && one.expires <= 0) return [1, one.expires];
            return [2, one.due];
          };
          const ranks = order.map(rank);
          assert.deepEqual(
            ranks,
            ranks.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d),
          );
          assert.deepEqual(
            [...order].sort(),
            [...entries.filter(({ removed, open }) => removed && open), ...(force ? managed : due)]
              .map(({ name }) => name)
              .sort(),
          );
          assert.equal(
            store.read((db) => anythingDue(db, now)),
            selected(store, all, now).length > 0,
          );
          const summary = store.read((db) => readOverview(db, now));
          assert.equal(summary.due, due.length);
          assert.equal(summary.managed, managed.length);
          assert.equal(summary.interrupted, entries.filter(({ open }) => open).length);
          assert.deepEqual(
            [...listCertificates(store)].map(({ name, openStep }) => ({ name, openStep })),
            managed
              .map(({ name, open }) => ({ name, openStep: open ? 'planned' : null }))
              .sort((a, b) => (a.name < b.name ? -1 : 1)),
          );
        }),
        { numRuns: 150 },
      );
    });
  });

  it('comes in pages: 500 certificates, each exactly once, though every one that is worked on gets another due time', async () => {
    const names = numbered(500);
    await withDeclared(names, async (store, clock) => {
      const now = clock.now();
      await store.commit(({ db }) => {
        // Many at the same moment, so that pages end among equals.
        db.prepare('UPDATE certificate SET next_due = ? - (id % 7) * 3600000').run(now);
      });
      // What a run does meanwhile: some are renewed, and due weeks later; some fail, and are due in a minute.
      const work = async (selection: Selection): Promise<readonly string[]> => {
        const seen: string[] = [];
        for (const id of selectIds(store.read, selection, { now: () => now })) {
          const name = nameOf(store, id);
          seen.push(name);
          await setDue(store, name, now + (id % 3 === 0 ? 60_000 : 1440 * HOUR) + (id % 11));
        }
        return seen;
      };
      const first = await work(all);
      assert.equal(first.length, 500);
      assert.deepEqual([...first].sort(), [...names].sort());
      assert.deepEqual(await work(all), []);
      const forced = await work({ names: [], force: true });
      assert.equal(forced.length, 500);
      assert.deepEqual([...forced].sort(), [...names].sort());
    });
  });

  it('takes nothing twice when the clock was ahead and is put back meanwhile', async () => {
    const names = numbered(300);
    await withDeclared(names, async (store, declaredAt) => {
      const start = declaredAt.now();
      let now = start + 365 * 24 * HOUR;
      const seen: string[] = [];
      for (const id of selectIds(store.read, all, { now: () => now })) {
        const name = nameOf(store, id);
        seen.push(name);
        now = start + HOUR;
        // Each attempt fails.
        await setDue(store, name, now + 60_000);
        assert.ok(seen.length <= 300, 'one comes again and again');
      }
      assert.equal(new Set(seen).size, 300);
    });
  });

  it('by name: as named, each once, and only what is due unless forced', async () => {
    await withDeclared(['a', 'b', 'c'], async (store, clock) => {
      const now = clock.now();
      await setDue(store, 'b', now + HOUR);
      assert.deepEqual(selected(store, { names: ['c', 'b', 'a', 'c'], force: false }, now), ['c', 'a']);
      assert.deepEqual(selected(store, { names: ['c', 'b', 'a', 'c'], force: true }, now), ['c', 'b', 'a']);
      assert.deepEqual(selected(store, { names: ['b'], force: false }, now + HOUR), ['b']);
    });
  });

  it('refuses a name that is not managed before anything is worked on', async () => {
    await withDeclared(['a', 'gone'], async (store, clock, declare) => {
      await declare({ store }, clock, declared(['a']));
      assert.deepEqual(eventTypes(store, 'gone'), ['certificate.declared', 'certificate.removed']);
      for (const name of ['b', 'gone', 'A', '']) {
        const ids = selectIds(store.read, { names: ['a', name], force: true }, clock)[Symbol.iterator]();
        assert.throws(() => ids.next(), coded('RENEWAL_UNKNOWN_CERTIFICATE'), name);
      }
    });
  });
});

describe('there is something to do', () => {
  it('for an old certificate whose time has come, and for a challenge response that is still visible', async () => {
    await withDeclared(['a'], async (store, clock) => {
      const now = clock.now();
      const due = (): boolean => store.read((db) => anythingDue(db, now));
      assert.equal(due(), true);
      await setDue(store, 'a', now + 1);
      assert.equal(due(), false);
      await store.commit(({ db }) => {
        addActive(db, 'a', now + HOUR);
        db.prepare(`UPDATE issued SET status = 'retiring', retire_at = ?`).run(now + 1);
      });
      assert.equal(due(), false);
      await store.commit(({ db }) => void db.prepare('UPDATE issued SET retire_at = ?').run(now));
      assert.equal(due(), true);
      await store.commit(({ db }) => {
        db.exec('DELETE FROM issued');
        addOpenRenewal(db, 'a');
      });
      assert.equal(due(), false);
      await store.commit(({ db }) => {
        db.exec(`INSERT INTO challenge_response (renewal_id, task, config) VALUES ('open-a', '{}', '{}')`);
      });
      assert.equal(due(), true);
      assert.deepEqual(selected(store, all, now), []);
    });
  });
});
