import { join } from 'node:path';
import { openState } from '../src/agent/state.ts';
import { loadConfig } from '../src/config/load.ts';
import { readConfigFile } from '../src/config/read.ts';
import { systemClock } from '../src/net/system.ts';
import { applyConfig } from '../src/renewal/engine/apply-config.ts';
import { ownFigures } from './figures.ts';
import type { Applied } from './prepared-state.ts';

// A state folder as it is some days after every certificate of the configuration was renewed: a certificate each,
// nothing due, no window to ask for. Only the rows that a look at what is due reads; the certificates themselves are
// placeholders.

const { folder } = JSON.parse(process.argv[2] ?? '{}') as { folder: string };
const file = join(folder, 'everbind.yaml');
const state = await openState(join(folder, 'state'), { clock: systemClock });
const { fingerprint } = await readConfigFile(file);
const day = 86_400_000;
const now = Date.now();
const started = performance.now();
await applyConfig(state.store, fingerprint, now, () => loadConfig(file));
const applied: Applied = { seconds: (performance.now() - started) / 1000, peakMiB: ownFigures().peakMiB };
await state.store.commit(({ db }) => {
  db.prepare(`UPDATE certificate SET next_due = ? + id * 1000, due_reason = 'lifetime', next_poll = ?`).run(
    now + 30 * day,
    now + day / 4,
  );
  db.prepare(
    `INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at)
     SELECT id, lower(hex(randomblob(20))), 'active', hex(randomblob(1500)), 'ec-p256', 'software:r-' || id, 'ca', 'https://ca.bench.test/1', ?, ?, ?
     FROM certificate`,
  ).run(now - 30 * day, now + 60 * day, now - 30 * day);
});
await state.close();
console.log(JSON.stringify(applied));
