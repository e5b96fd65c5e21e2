import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { createLabCa } from '../../../lab/test-ca.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { listCertificates } from '../../../src/overview/list-certificates.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import type { Issuer, Issuers } from '../../../src/ports/issuer.ts';
import { insertAccount, noteRegistered, readAccount } from '../../../src/renewal/state/account-table.ts';
import { certificateByName } from '../../../src/renewal/state/certificate-table.ts';
import { activeOf } from '../../../src/renewal/state/issued-table.ts';
import type { Store } from '../../../src/store/store.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { eventTypes, rowsOf } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// A row that was changed behind our back, by a disk or by hand, concerns its own certificate and no other, is named, is
// written anew, and decides nothing that is ordered.

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NAMES = ['c0', 'c1', 'c2'];

const text = `version: 1
engine: { concurrency: 1 }
issuers: [{ name: desk, directory: "https://desk.test/" }]
defaults: { deployments: [] }
certificates: [${NAMES.map((name) => `{ name: ${name}, names: [${name}.test] }`).join(', ')}]
`;

interface World {
  readonly store: Store;
  readonly clock: SettableClock;
  /** Names that were asked for. */
  readonly asked: Set<string>;
  /** While true the issuer does not respond to a request for c0. */
  silent: boolean;
  /** Runs SQL on the file as another program does. */
  tamper(sql: string): void;
  /** One whole run: `apply` applies the file first, as every command does. Outcomes by name. */
  run(apply?: boolean): Promise<Readonly<Record<string, string>>>;
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const clock = settableClock();
  return withState(clock, async (state, folder) => {
    const ca = await createLabCa('Desk Root');
    const asked = new Set<string>();
    const desk: Issuer = {
      prepare: async () => {},
      issue: async (request, signer, journal) => {
        if (request.state.step !== 'order-requested') {
          await journal.note(request, { step: 'order-requested' }, { type: 'order.requested', data: {} });
        }
        const names = request.identifiers.map(({ value }) => value);
        for (const name of names) asked.add(name);
        if (world.silent && names.includes('c0.test')) throw new EverbindError('ACME_TIMEOUT', 'no response');
        const validity = { notBefore: new Date(clock.now() - HOUR), notAfter: new Date(clock.now() + 90 * DAY) };
        const leaf = await ca.certify({ names, ...validity }, signer.publicKey);
        return { chain: [leaf], accountUrl: 'desk:1', roots: [ca.der] };
      },
      abandon: async () => {},
      revoke: async () => ({ already: false }),
      renewalInformation: async () => null,
    };
    const issuers: Issuers = { open: () => desk, tidyUp: async () => {} };
    const engine = engineWithoutAcme(state, clock, issuers);
    const world: World = {
      store: state.store,
      clock,
      asked,
      silent: false,
      tamper: (sql) => {
        const db = new DatabaseSync(join(folder, 'everbind.db'), { enableForeignKeyConstraints: false });
        db.exec(sql);
        db.close();
      },
      run: async (apply = true) => {
        if (apply) await applyText(state, clock, text);
        const ends = new Map<string, string>();
        await engine.renew(
          { names: [], force: false },
          (outcome) => ends.set(outcome.name, outcome.kind === 'failed' ? outcome.code : outcome.kind),
          new AbortController().signal,
        );
        return Object.fromEntries(ends);
      },
    };
    await work(world);
  });
}

/** SQL that changes one column of one row in a way that a reader does not stumble over. */
function change(table: string, column: string, where: string): string {
  const other = `CASE typeof(${column}) WHEN 'integer' THEN ${column} + 100 WHEN 'null' THEN 7
    WHEN 'text' THEN iif(${column} LIKE '%c0%', replace(${column}, 'c0', 'c9'), ${column} || 'x') ELSE x'00' END`;
  return `UPDATE ${table} SET ${column} = ${other} WHERE ${where}`;
}

const rows: Readonly<Record<string, string>> = {
  certificate: `name = 'c0'`,
  issued: `certificate_id = 1`,
  renewal: `certificate_id = 1`,
  // Its id is held by a constraint.
  applied_config: 'true',
};

/** All columns, as the program itself made them. */
async function columnsOf(table: string): Promise<readonly string[]> {
  let columns: readonly string[] = [];
  await withWorld(async ({ store }) => {
    columns = rowsOf(store, `SELECT name FROM pragma_table_info('${table}')`).map(({ name }) => String(name));
  });
  return columns;
}

async function isBack({ store, clock, asked }: World): Promise<void> {
  const overview = store.read((db) => readOverview(db, clock.now()));
  assert.deepEqual(overview.damaged, []);
  assert.equal(overview.ok, true);
  assert.deepEqual([...asked].sort(), ['c0.test', 'c1.test', 'c2.test']);
  for (const name of NAMES) {
    const certificate = store.read((db) => certificateByName(db, name));
    assert.deepEqual(
      certificate?.config.identifiers.map(({ value }) => value),
      [`${name}.test`],
    );
    const active = store.read((db) => activeOf(db, certificate?.id ?? 0));
    assert.ok((active?.notAfter ?? 0) > clock.now() + 80 * DAY, `${name} was not renewed`);
  }
}

for (const [table, where] of Object.entries(rows)) {
  describe(`a changed row of ${table}`, async () => {
    for (const column of await columnsOf(table)) {
      if (table === 'applied_config' && column === 'id') continue;
      it(`(${column}) is named and written anew; every certificate is renewed, for its own names`, () =>
        withWorld(async (world) => {
          const { store, clock, run, tamper } = world;
          assert.deepEqual(await run(), { c0: 'renewed', c1: 'renewed', c2: 'renewed' });
          clock.advance(80 * DAY);
          tamper(change(table, column, where));
          const overview = store.read((db) => readOverview(db, clock.now()));
          assert.equal(overview.ok, false);
          assert.deepEqual(
            overview.damaged.map((damage) => damage.table),
            [table],
          );
          const first = await run();
          assert.deepEqual([first['c1'], first['c2']], ['renewed', 'renewed']);
          await run();
          await isBack(world);
          if (table !== 'applied_config') assert.ok(eventTypes(store).includes('state.rebuilt'));
        }));
    }
  });
}

describe('a changed row of a renewal that is not finished', async () => {
  for (const column of await columnsOf('renewal')) {
    it(`(${column}) ends it, and the next one begins anew`, () =>
      withWorld(async (world) => {
        world.silent = true;
        const { run, tamper, clock } = world;
        assert.deepEqual(await run(), { c0: 'ACME_TIMEOUT', c1: 'renewed', c2: 'renewed' });
        world.silent = false;
        tamper(change('renewal', column, `certificate_id = 1`));
        clock.advance(80 * DAY);
        const first = await run();
        assert.deepEqual([first['c1'], first['c2']], ['renewed', 'renewed']);
        await run();
        await isBack(world);
      }));
  }
});

describe('what is damaged during a run', () => {
  for (const [table, sql] of Object.entries({
    certificate: `UPDATE certificate SET config = replace(config, 'c0.test', 'c9.test') WHERE name = 'c0'`,
    issued: `UPDATE issued SET key_handle = 'software:other' WHERE certificate_id = 1`,
    'issued, in another way': `UPDATE issued SET not_after = 9223372036854775807 WHERE certificate_id = 1`,
    renewal: `UPDATE renewal SET outcome = NULL, identifiers = '[' WHERE certificate_id = 1`,
  })) {
    it(`(${table}) fails its certificate alone, and the next run goes on with it`, () =>
      withWorld(async (world) => {
        const { run, tamper, clock } = world;
        await run();
        clock.advance(80 * DAY);
        tamper(sql);
        assert.deepEqual(await run(false), { c0: 'STORE_CORRUPT', c1: 'renewed', c2: 'renewed' });
        clock.advance(DAY);
        assert.deepEqual(await run(), { c0: 'renewed' });
        await isBack(world);
      }));
  }
});

describe('numbers that JavaScript does not have', () => {
  for (const value of ['-9223372036854775808', '9223372036854775807']) {
    for (const column of ['next_due', 'next_poll', 'failures', 'window_start', 'removed']) {
      it(`(${value} in ${column}) keep nothing from being read or renewed`, () =>
        withWorld(async (world) => {
          const { store, run, tamper, clock } = world;
          await run();
          clock.advance(80 * DAY);
          tamper(`UPDATE certificate SET ${column} = ${value} WHERE name = 'c0'`);
          assert.deepEqual(
            [...listCertificates(store)].map(({ name }) => name),
            ['c1', 'c2'],
          );
          const { ok, damaged } = store.read((db) => readOverview(db, clock.now()));
          assert.deepEqual([ok, damaged], [false, [{ table: 'certificate', name: 'c0' }]]);
          await run();
          await isBack(world);
        }));
    }
  }
});

it('a lost issued certificate is not removed from anywhere, and its managed certificate gets another one', () =>
  withWorld(async (world) => {
    const { run, tamper, store } = world;
    await run();
    tamper(`UPDATE issued SET chain = 'x', thumbprint = '${'ab'.repeat(20)}' WHERE certificate_id = 1`);
    assert.deepEqual(await run(), { c0: 'renewed' });
    await isBack(world);
    assert.deepEqual(rowsOf(store, `SELECT status FROM issued WHERE thumbprint = '${'ab'.repeat(20)}'`), [
      { status: 'retired' },
    ]);
    assert.ok(!eventTypes(store).includes('certificate.retired'));
  }));

describe('a changed row of account', async () => {
  const desk = { name: 'desk', directory: 'https://desk.test/' };
  for (const column of await columnsOf('account')) {
    it(`(${column}) is named; the account is registered again with its key, or with another one`, () =>
      withWorld(async ({ store, run, tamper, clock }) => {
        await run();
        await store.commit((transaction) => {
          insertAccount(transaction, desk, 'software:account-1', clock.now());
          noteRegistered(transaction, desk, 'https://desk.test/1', true);
        });
        tamper(change('account', column, 'true'));
        const { ok, damaged } = store.read((db) => readOverview(db, clock.now()));
        assert.deepEqual([ok, damaged.map(({ table }) => table)], [false, ['account']]);
        await run();
        assert.deepEqual(store.read((db) => readOverview(db, clock.now())).damaged, []);
        const account = store.read((db) => readAccount(db, desk));
        // Whoever reads null makes another one.
        assert.equal(account?.url ?? null, null);
        const changed = column === 'key_handle' ? 'software:account-1x' : 'software:account-1';
        if (column !== 'issuer' && column !== 'directory') assert.equal(account?.keyHandle, changed);
      }));
  }
});
