import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Issuers } from '../../../src/ports/issuer.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import type { Store } from '../../../src/store/store.ts';
import { settableClock } from '../support/obtain-clock.ts';
import { eventTypes, rowsOf } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// A row that makes no sense, by damage or by a repair by hand, concerns its own certificate and no other.

const DAY = 86_400_000;
const never = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));

/** Three certificates, c0 to c2, whose issuer cannot be reached; `spoil` is the damage, in SQL. */
function withThree(spoil: string, work: (engine: Engine, store: Store) => Promise<void>): Promise<void> {
  const clock = settableClock();
  return withState(clock, async (state) => {
    const { store } = state;
    const gone = async (): Promise<never> => {
      throw new EverbindError('ACME_TRANSPORT', 'the connection is gone');
    };
    const issuers: Issuers = {
      open: () => ({ prepare: gone, issue: gone, abandon: never, revoke: never, renewalInformation: never }),
      tidyUp: async () => {},
    };
    const engine = engineWithoutAcme(state, clock, issuers);
    const certificates = [0, 1, 2].map((number) => `{ name: c${number}, names: [c${number}.test] }`).join(', ');
    await applyText(
      state,
      clock,
      `version: 1\nengine: { concurrency: 1 }\nissuers: [{ name: desk, directory: "https://desk.test/" }]\ndefaults: { deployments: [], maintenance: { windows: ["Sun 02:00-04:00"], timeZone: UTC } }\ncertificates: [${certificates}]\n`,
    );
    await store.commit(({ db }) => {
      const now = clock.now();
      db.exec(`INSERT INTO issued (id, certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at)
        VALUES (1, 1, 'aa', 'active', '', 'ec-p256', 'software:x', 'desk', 'u', ${now - DAY}, ${now + 90 * DAY}, ${now - DAY});
        ${spoil}`);
    });
    await work(engine, store);
  });
}

const renewal = (step: string, algorithm: string, deployments: string): string =>
  `INSERT INTO renewal (id, certificate_id, kind, step, issuer, identifiers, algorithm, key_handle, issued_id, deployments, plans, started_at)
     VALUES ('r1', 1, 'renewal', '${step}', 'desk', '[{"type":"dns","value":"c0.test"}]', '${algorithm}', 'software:x', 1, ${deployments}, '[]', 0);`;

const damages: Readonly<Record<string, string>> = {
  'more deployments than plans': renewal('planned', 'ec-p256', `'[{"type":"iis"}]'`),
  'a step without what it has': renewal('planned', 'ec-p256', 'NULL'),
  'an algorithm that this version does not know': renewal('started', 'ml-dsa-65', 'NULL'),
};

async function renewAll(engine: Engine, names: readonly string[] = []): Promise<Readonly<Record<string, string>>> {
  const ends = new Map<string, string>();
  await engine.renew(
    { names, force: names.length > 0 },
    (outcome) => ends.set(outcome.name, outcome.kind === 'failed' ? outcome.code : outcome.kind),
    new AbortController().signal,
  );
  return Object.fromEntries(ends);
}

describe('a renewal that cannot be read', () => {
  for (const [damage, spoil] of Object.entries(damages)) {
    it(`(${damage}) fails, the other certificates are worked on, and the next attempt begins anew`, () =>
      withThree(spoil, async (engine, store) => {
        const others = { c1: 'ACME_TRANSPORT', c2: 'ACME_TRANSPORT' };
        assert.deepEqual(await renewAll(engine), { c0: 'STORE_CORRUPT', ...others });
        const rows = rowsOf(store, `SELECT outcome, plans FROM renewal WHERE id = 'r1'`);
        assert.deepEqual(rows, [{ outcome: 'failed', plans: '[]' }]);
        assert.ok(eventTypes(store, 'c0').includes('renewal.failed'));
        assert.deepEqual(await renewAll(engine, ['c0', 'c1', 'c2']), { c0: 'ACME_TRANSPORT', ...others });
      }));
  }
});

it('an ARI window that cannot be read keeps no certificate from being renewed', () => {
  const half = `UPDATE certificate SET window_start = 1, next_poll = 0, next_due = 9e15 WHERE name = 'c0';`;
  return withThree(half, async (engine) => {
    const ends: string[] = [];
    const { signal } = new AbortController();
    await engine.cycle({ names: [], force: false }, ({ name }) => ends.push(name), signal);
    assert.deepEqual(ends.toSorted(), ['c1', 'c2']);
  });
});
