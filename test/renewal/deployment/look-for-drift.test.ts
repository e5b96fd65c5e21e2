import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coalesce } from '../../../src/concurrency/coalesce.ts';
import { createIisDeployment } from '../../../src/deploy/iis/deployment.ts';
import type { Inventory } from '../../../src/iis/config/inventory-types.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import type { WindowsHost } from '../../../src/ports/windows-host.ts';
import { lookForDrift } from '../../../src/renewal/deployment/look-for-drift.ts';
import { anythingDue } from '../../../src/renewal/engine/select.ts';
import type { RunContext } from '../../../src/renewal/engine/engine-ports.ts';
import { nextLookAt } from '../../../src/renewal/schedule/due-date.ts';
import { certificateByName, noteLook, requireCertificate } from '../../../src/renewal/state/certificate-table.ts';
import { insertIssued, markActive, ownThumbprints } from '../../../src/renewal/state/issued-table.ts';
import { record, site, THEIRS } from '../../iis/fixtures.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { eventTypes } from '../support/obtain-rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const COUNT = 10_000;

const nameOf = (index: number): string => `c${String(index).padStart(5, '0')}`;
const hostOf = (index: number): string => `${nameOf(index)}.look.test`;
const thumbprintOf = (index: number): string => index.toString(16).padStart(40, '0');

test('ten thousand certificates share one or two readings of the server', async () => {
  await withState(systemClock, async (state) => {
    const { store } = state;
    const names = Array.from({ length: COUNT }, (_, index) => index);
    const declared = names.map(
      (index) => `  - { name: ${nameOf(index)}, names: [${hostOf(index)}], deployments: [{ type: iis }] }`,
    );
    await applyText(
      state,
      systemClock,
      `version: 1\nissuers: [{ name: ca, directory: "https://ca.test/", termsOfServiceAgreed: true }]\ncertificates:\n${declared.join('\n')}\n`,
    );
    const now = systemClock.now();
    await store.commit(({ db }) => {
      for (const index of names) {
        const { id: certificateId, config } = requireCertificate(db, nameOf(index));
        const id = insertIssued(db, {
          certificateId,
          thumbprint: thumbprintOf(index),
          chain: '',
          algorithm: 'ec-p256',
          keyHandle: `software:r-${index}`,
          issuer: 'ca',
          accountUrl: 'https://ca.test/account',
          ariId: null,
          notBefore: now - DAY,
          notAfter: now + 89 * DAY,
          issuedAt: now - DAY,
        });
        markActive(db, { id, certificateId });
        const [place] = config.deployments;
        assert.ok(place !== undefined);
        const targets = [`http.sys record ${hostOf(index)}:443`];
        noteLook(db, certificateId, { held: [{ config: place, targets }], drift: [], nextLook: now - 1 });
      }
    });
    let readings = 0;
    const inventory: Inventory = {
      sites: names.map((index) => site(nameOf(index), [`https *:443:${hostOf(index)} 1`])),
      ftpDefaults: null,
      // One was given another certificate, one is gone.
      records: names
        .filter((index) => index !== 7)
        .map((index) => record(`${hostOf(index)}:443`, index === 8 ? THEIRS : thumbprintOf(index))),
      certificates: [...names.map(thumbprintOf), THEIRS].map((thumbprint) => ({
        store: 'WebHosting',
        thumbprint,
        der: new Uint8Array(),
        friendlyName: null,
        hasPrivateKey: true,
      })),
      problems: [],
    };
    const readInventory = coalesce(async () => {
      readings += 1;
      await systemClock.sleep(5);
      return inventory;
    });
    const context = {
      store,
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
      keys: { ...state.keys, open: async () => ({ algorithm: 'ES256', publicKey: new Uint8Array(), sign: () => {} }) },
      deploymentFor: async () =>
        createIisDeployment({
          host: {} as WindowsHost,
          probe: () => Promise.reject(new Error('nobody is asked')),
          sites: null,
          adopt: false,
          store: 'WebHosting',
          adoptForeignAppIds: [],
          ownThumbprints: () => store.read(ownThumbprints),
          clock: systemClock,
          visitorRoots: async () => [],
          readInventory,
        }),
    } as unknown as RunContext;
    const began = performance.now();
    await lookForDrift(context);
    const ms = performance.now() - began;
    console.log(`${COUNT} certificates looked at in ${Math.round(ms)} ms, ${readings} readings`);
    assert.ok(readings <= 2, `${readings} readings`);
    const found = store.read((db) =>
      db.prepare('SELECT name, drift, redeploy FROM certificate WHERE drift IS NOT NULL ORDER BY name').all(),
    );
    assert.deepEqual(
      found.map((row) => [row['name'], row['redeploy'], String(row['drift']).match(/"code":"([^"]+)"/)?.[1]]),
      [
        [nameOf(7), 1, 'record-missing'],
        [nameOf(8), 0, 'foreign-certificate'],
      ],
    );
    assert.deepEqual(eventTypes(store, nameOf(8)), ['certificate.declared', 'bindings.drifted']);
    // Spread over the hours of most of a day, and never more than a day away.
    const next = store.read((db) =>
      db.prepare('SELECT next_look AS at, count(*) AS n FROM certificate GROUP BY 1').all(),
    );
    assert.ok(next.length >= 5 && next.length <= 8, `${next.length}`);
    for (const { at } of next)
      assert.ok(Number(at) > now + 16 * HOUR && Number(at) <= now + DAY + HOUR && Number(at) % HOUR === 0);
    const [begin] = [performance.now()];
    store.read((db) => anythingDue(db, now));
    console.log(`anything due: ${(performance.now() - begin).toFixed(2)} ms`);
    assert.ok(store.read((db) => certificateByName(db, nameOf(7)))?.redeploy);
  });
});

test('the next look comes on the hour: soon after a deployment, then within a day', () => {
  for (const uniform of [0, 0.5, 0.999]) {
    for (const now of [0, 1, HOUR, 12_345_678]) {
      const soon = nextLookAt(now, 'deployment', uniform) - now;
      assert.ok(soon >= HOUR && soon < 2 * HOUR);
      const later = nextLookAt(now, 'look', uniform) - now;
      assert.ok(later > 16 * HOUR && later <= DAY, `${later}`);
    }
  }
});
