import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createAcmeClient } from '../../../src/acme/client.ts';
import { verifyStoredLog } from '../../../src/store/audit-read.ts';
import { readPinnedKey } from '../../../src/agent/audit-key-file.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { createTransport } from '../../../src/net/transport.ts';
import { readServer } from './file-server.ts';
import { type CaAddress, openEngine } from './state.ts';
import { presentedTokens } from './token-folder.ts';

/** The state of every order that the account of this state folder has at its CA, as the CA tells. */
export async function ordersAtCa(folder: string, ca: CaAddress): Promise<readonly string[]> {
  const { state, close } = await openEngine(folder, ca);
  const transport = createTransport({ roots: [ca.listenerCaPem], proxy: null });
  try {
    const account = state.store.read((db) =>
      db.prepare('SELECT key_handle, url FROM account WHERE directory = ?').get(ca.directoryUrl),
    );
    const client = createAcmeClient({
      directoryUrl: ca.directoryUrl,
      transport,
      clock: systemClock,
      random: systemRandom,
      userAgent: 'everbind-test',
      signer: await state.keys.open(account?.['key_handle'] as string),
      accountUrl: account?.['url'] as string,
    });
    const statuses: string[] = [];
    for await (const url of client.orderUrls()) statuses.push((await client.getOrder(url)).order.status);
    return statuses;
  } finally {
    transport.close();
    await close();
  }
}

/**
 * What has to hold whenever all is done, whatever was killed before: each certificate active and bound, nothing open or
 * presented, no key and no installed certificate without use, a whole audit log.
 */
export async function assertSettled(folder: string, ca: CaAddress, names: readonly string[]): Promise<void> {
  const { state, close } = await openEngine(folder, ca);
  try {
    const { store } = state;
    const all = (sql: string) => store.read((db) => db.prepare(sql).all());
    const active = all(
      `SELECT c.name, i.thumbprint FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.status = 'active' ORDER BY c.name`,
    );
    assert.deepEqual(
      active.map((row) => row['name']),
      [...names].sort(),
    );
    const server = readServer(folder);
    for (const row of active) assert.equal(server.bound[`${String(row['name'])}:443`], row['thumbprint']);
    assert.deepEqual(all('SELECT id, step FROM renewal WHERE outcome IS NULL'), []);
    assert.deepEqual(all('SELECT task FROM challenge_response'), []);
    assert.deepEqual(presentedTokens(join(folder, 'tokens')), []);
    assert.deepEqual(all(`SELECT name FROM certificate WHERE next_due <= ${Date.now()}`), []);
    // No key is left without use, and none that is used is gone.
    assert.deepEqual(
      all(`SELECT handle FROM custody_keys WHERE handle <> 'software:audit' ORDER BY handle`).map(
        (row) => row['handle'],
      ),
      all(
        `SELECT key_handle AS handle FROM account UNION SELECT key_handle FROM issued WHERE status <> 'retired' ORDER BY handle`,
      ).map((row) => row['handle']),
    );
    assert.deepEqual(
      [...server.installed].sort(),
      all(`SELECT thumbprint FROM issued WHERE status <> 'retired' ORDER BY thumbprint`).map(
        (row) => row['thumbprint'],
      ),
    );
    const report = verifyStoredLog(store, await readPinnedKey(folder));
    assert.deepEqual(report.findings, []);
  } finally {
    await close();
  }
}

/** How many certificates were issued to this folder, those included that are gone again. */
export async function issuedCount(folder: string, ca: CaAddress): Promise<number> {
  const { state, close } = await openEngine(folder, ca);
  try {
    return state.store.read((db) => db.prepare('SELECT count(*) AS n FROM issued').get()?.['n'] as number);
  } finally {
    await close();
  }
}
