import assert from 'node:assert/strict';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openState } from '../../src/agent/state.ts';
import { systemClock } from '../../src/net/system.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { applyConfig } from '../../src/renewal/engine/apply-config.ts';
import { withFolder } from '../renewal/support/obtain-state.ts';
import { type Run, runIn } from './world.ts';

// What whoever watches a server is told when something in its state folder is damaged.

const text = `version: 1
issuers: [{ name: ca, directory: "https://ca.test/dir", termsOfServiceAgreed: true }]
defaults: { deployments: [] }
certificates: [{ name: shop, names: [shop.test] }, { name: blog, names: [blog.test] }]
`;

interface World {
  readonly folder: string;
  run(...args: readonly string[]): Promise<Run>;
  /** Runs SQL on the file as another program does. */
  tamper(sql: string): void;
}

/** A state folder with two certificates that are not due yet. */
function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    await writeFile(join(folder, 'everbind.yaml'), text);
    const state = await openState(folder, { clock: systemClock });
    const config = parseConfig(Buffer.from(text), join(folder, 'everbind.yaml'));
    await applyConfig(state.store, config.fingerprint, Date.now(), async () => config);
    await state.store.commit(({ db }) => db.prepare('UPDATE certificate SET next_due = ?').run(Date.now() + 1e9));
    await state.close();
    const openHost = (): Promise<never> => Promise.reject(new Error('not needed'));
    await work({
      folder,
      run: (...args) => runIn({ stateDir: folder, openHost }, args),
      tamper: (sql) => {
        const db = new DatabaseSync(join(folder, 'everbind.db'));
        db.exec(sql);
        db.close();
      },
    });
  });
}

describe('a damaged row', () => {
  it('is named by status and list, and keeps nobody from the other certificates', () =>
    withWorld(async ({ run, tamper }) => {
      assert.equal((await run('status')).status, 0);
      tamper(`UPDATE certificate SET config = '{' WHERE name = 'shop'`);
      const status = await run('status');
      assert.equal(status.status, 1);
      assert.match(status.out, /^attention/);
      assert.match(status.out, /^damaged +shop: a row of the table certificate/m);
      const list = await run('list');
      assert.equal(list.status, 0);
      assert.match(list.out, /^blog /m);
      assert.match(list.out, /damaged in the database: shop/);
      assert.equal((await run('show', 'blog')).status, 0);
      const show = await run('show', 'shop');
      assert.equal(show.status, 1);
      assert.match(show.err, /STORE_CORRUPT/);
      const { damaged, ok } = JSON.parse((await run('status', '--json')).out) as { damaged: unknown; ok: boolean };
      assert.deepEqual([ok, damaged], [false, [{ table: 'certificate', name: 'shop' }]]);
    }));

  it('of what was applied from the configuration is named, too', () =>
    withWorld(async ({ run, tamper }) => {
      tamper(`UPDATE applied_config SET issuers = replace(issuers, 'ca.test', 'cb.test')`);
      const { status, out } = await run('status');
      assert.equal(status, 1);
      assert.match(out, /^damaged +everbind\.yaml: a row of the table applied_config/m);
      assert.equal((await run('list')).status, 0);
    }));

  it('whose certificate_id leads nowhere is told without a name', () =>
    withWorld(async ({ run, tamper }) => {
      tamper(`PRAGMA foreign_keys = OFF; INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at)
        VALUES (99, '', 'active', '', '', '', '', '', 0, 0, 0)`);
      const { status, out } = await run('status');
      assert.equal(status, 1);
      assert.match(out, /^damaged +a row of the table issued/m);
    }));
});

const files: Readonly<Record<string, Readonly<Record<string, readonly [(file: string) => Promise<void>, RegExp]>>>> = {
  'everbind.yaml': {
    missing: [(file) => rm(file), /\[CONFIG_NOT_FOUND\]/],
    empty: [(file) => truncate(file), /\[CONFIG_INVALID\]/],
    'full of zeros': [(file) => writeFile(file, Buffer.alloc(text.length)), /\[CONFIG_INVALID\]/],
    'cut in the middle': [(file) => truncate(file, text.length / 2), /\[CONFIG_INVALID\]/],
    'in UTF-16': [(file) => writeFile(file, Buffer.from(`\ufeff${text}`, 'utf16le')), /\[CONFIG_INVALID\]/],
    'larger than any': [(file) => truncate(file, 40 * 1024 * 1024), /\[CONFIG_UNREADABLE\]/],
  },
  'master.key': {
    missing: [(file) => rm(file), /\[KEY_SEAL_BROKEN\]/],
    empty: [(file) => truncate(file), /\[KEY_MASTER_INVALID\]/],
    'full of zeros': [(file) => writeFile(file, Buffer.alloc(32)), /\[KEY_SEAL_BROKEN\]/],
    'cut in the middle': [(file) => truncate(file, 16), /\[KEY_MASTER_INVALID\]/],
    'that of another server': [(file) => writeFile(file, Buffer.alloc(32, 7)), /\[KEY_SEAL_BROKEN\]/],
  },
};

for (const [name, damages] of Object.entries(files)) {
  describe(`everbind status, with ${name}`, () => {
    for (const [damage, [spoil, told]] of Object.entries(damages)) {
      it(`${damage}, says so and exits with 1`, () =>
        withWorld(async ({ folder, run }) => {
          await spoil(join(folder, name));
          const { status, out } = await run('status');
          assert.equal(status, 1);
          assert.match(out, /^problem/m);
          assert.match(out, told);
        }));
    }
  });
}

it('everbind status exits with 1 for what is overdue by more than a day, and names it', () =>
  withWorld(async ({ folder, run }) => {
    const due = async (hoursAgo: number): Promise<Run> => {
      const state = await openState(folder, { clock: systemClock });
      await state.store.commit(({ db }) =>
        db.prepare(`UPDATE certificate SET next_due = ? WHERE name = 'shop'`).run(Date.now() - hoursAgo * 3_600_000),
      );
      await state.close();
      return run('status');
    };
    assert.equal((await due(23)).status, 0);
    const { status, out } = await due(25);
    assert.equal(status, 1);
    assert.match(out, /^overdue +shop since/m);
  }));
