import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { databaseFile } from '../../src/agent/state.ts';
import type { ChaosWorld } from './world.ts';

/** What is done to a world before it is judged; the judgement must find it. */
export type Sabotage = (world: ChaosWorld) => unknown;

/** SQL on the database of the world. */
const change =
  (sql: string): Sabotage =>
  ({ demo }) => {
    const db = new DatabaseSync(databaseFile(demo.stateDir));
    db.exec(sql);
    db.close();
  };

export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'certificate-lost': change(`UPDATE issued SET thumbprint = '00' WHERE id = 1`),
  'order-forgotten': change('UPDATE renewal SET order_url = NULL WHERE id = (SELECT min(id) FROM renewal)'),
  'order-invented': change(`UPDATE renewal SET order_url = order_url || 'x' WHERE id = (SELECT max(id) FROM renewal)`),
  'response-left': async ({ windows }) => {
    const place = join(windows, 'C', 'inetpub', '1', '.well-known', 'acme-challenge');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'token'), 'left');
  },
  'certificate-removed': async ({ sim }) => {
    const [record] = await sim.host.sslRecords.enumerate();
    if (typeof record?.certificateHash !== 'string') throw new Error('the first record has no certificate');
    await sim.host.certificates.remove('WebHosting', record.certificateHash);
  },
  'event-erased': change(
    "DROP TRIGGER audit_event_stays; UPDATE audit_event SET event = replace(event, 'order.created', 'order.erased')",
  ),
};
