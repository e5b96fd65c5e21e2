import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../../../lab/pebble/server.ts';
import { assertSettled, issuedCount, ordersAtCa } from '../../support/inspect.ts';
import { runChild } from '../../support/run-child.ts';
import { type CaAddress, openEngine } from '../../support/state.ts';
import { serveTokens } from '../../support/token-folder.ts';

// The process is killed while an attempt is tried at the CA's staging environment, and right after it.

let pebbles: readonly [Pebble, Pebble];
let ca: CaAddress;
let stopTokens: readonly (() => Promise<void>)[];
const folders = new Set<string>();
before(async () => {
  pebbles = await Promise.all([startPebble(), startPebble()]);
  const [real, staging] = pebbles;
  ca = {
    directoryUrl: real.directoryUrl,
    listenerCaPem: real.listenerCaPem,
    rootPem: await real.rootPem(),
    staging: { directoryUrl: staging.directoryUrl, listenerCaPem: staging.listenerCaPem },
  };
  const visible = (): readonly string[] => [...folders].map((folder) => join(folder, 'tokens'));
  stopTokens = await Promise.all(pebbles.map(({ httpPort }) => serveTokens(httpPort, visible)));
});
after(async () => {
  for (const stop of stopTokens) await stop();
  for (const pebble of pebbles) await pebble.stop();
});

const certificates = '[{ name: shop, names: [shop.staging.test], deployments: [{ type: iis }], keepOld: 0 }]';

/** Points in the order in which they come by; each is met at the staging environment first. */
const points = [
  'account.registered',
  'order-plz',
  'staging-run.order-created',
  'authZ',
  'present',
  'chalZ',
  'cleanUp',
  'finalize-order',
  'staging-run.passed',
  'key.generated',
  'certificate.issued',
];

describe('a kill during a staging run', () => {
  for (const dieAfter of points) {
    it(`after ${dieAfter}: one order of the real CA, one certificate, nothing of the staging run left`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'everbind-staging-'));
      folders.add(folder);
      try {
        const { state, apply, close } = await openEngine(folder, ca);
        await apply(certificates, 'engine: { concurrency: 1 }');
        await state.store.commit(({ db }) => {
          db.prepare('INSERT INTO staging_run (certificate_id) SELECT id FROM certificate').run();
        });
        await close();
        const request = { folder, ca, certificates, concurrency: 1 };
        assert.equal((await runChild({ ...request, dieAfter })).killed, true);
        const { killed, error, outcomes } = await runChild(request);
        assert.deepEqual([killed, error], [false, null]);
        for (const outcome of outcomes) assert.equal(outcome.kind, 'renewed', JSON.stringify(outcome));
        await assertSettled(folder, ca, ['shop']);
        assert.deepEqual(await ordersAtCa(folder, ca), ['valid']);
        assert.equal(await issuedCount(folder, ca), 1);
        const opened = await openEngine(folder, ca);
        const left = opened.state.store.read((db) => db.prepare('SELECT certificate_id FROM staging_run').all());
        await opened.close();
        assert.deepEqual(left, []);
      } finally {
        folders.delete(folder);
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
