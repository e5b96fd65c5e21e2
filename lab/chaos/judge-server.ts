import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { State } from '../../src/agent/state.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { listCertificates } from '../../src/overview/list-certificates.ts';
import { checkBindings } from '../demo/results.ts';
import { rowsOf } from './rows.ts';
import type { ChaosWorld } from './world.ts';

/**
 * Every binding serves the active certificate of its names to a client that trusts only the CA; no record names a
 * certificate that is not there; no challenge response is left; every key that is there has a use, and every one in
 * use is there.
 */
export async function judgeServer(world: ChaosWorld, state: State): Promise<readonly string[]> {
  const { sim, declared, windows } = world;
  const managed = [...listCertificates(state.store)];
  const inventory = await readInventory(sim.host);
  const snapshot = await sim.snapshot();
  const results = await checkBindings({
    host: sim.host,
    rootPem: await world.pebble.rootPem(),
    declared,
    inventory,
    managed,
    before: new Map(),
  });
  const active = new Set(managed.map((certificate) => certificate.active?.thumbprint));
  const installed = new Set(snapshot.certificates.map(({ store, thumbprint }) => `${store} ${thumbprint}`));
  const findings = [
    ...results.flatMap(({ site, binding, state: found, reason }) =>
      found === 'verified' ? [] : [`${site} ${binding}: ${found} ${reason}`],
    ),
    ...inventory.records.flatMap(({ key, certificateHash, certificateStore }) => [
      ...(active.has(certificateHash ?? '') ? [] : [`${recordKeyId(key)}: not the active certificate`]),
      ...(installed.has(`${certificateStore ?? 'MY'} ${certificateHash}`)
        ? []
        : [`${recordKeyId(key)}: its certificate is not there`]),
    ]),
    ...snapshot.registrations.map((registration) => `left registered: ${registration}`),
    ...(await filesOfChallenges(windows)).map((file) => `left behind: ${file}`),
    ...rowsOf(state, 'SELECT task FROM challenge_response').map(() => 'a challenge response is journaled as visible'),
  ];
  for (const row of rowsOf(state, `SELECT key_handle FROM issued WHERE status = 'active'`)) {
    const handle = row['key_handle'] as string;
    const signs = await state.keys.open(handle).then(
      (signer) => signer.sign(Buffer.from('judge')),
      () => null,
    );
    if (signs === null) findings.push(`the key ${handle} of an active certificate is gone`);
  }
  const [keys] = rowsOf(
    state,
    `SELECT (SELECT count(*) FROM custody_keys WHERE handle <> 'software:audit') AS kept,
       (SELECT count(*) FROM account) + (SELECT count(*) FROM issued WHERE status <> 'retired') AS used,
       (SELECT count(*) FROM renewal WHERE outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0) AS noted`,
  );
  const kept = (keys?.['kept'] as number) + snapshot.keys.length;
  const [used, noted] = [keys?.['used'] as number, keys?.['noted'] as number];
  // After a kill between the end of a renewal and its tidying up, the journal still has the keys that go after the next
  // one.
  if (kept < used || kept > used + noted)
    findings.push(`${kept} keys are kept, ${used} are used and ${noted} are to go`);
  return findings;
}

/** Files below the folders for challenges. An empty folder may stay after a kill: whose it is was written nowhere. */
async function filesOfChallenges(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.parentPath.includes('.well-known'))
    .map(({ parentPath, name }) => join(parentPath, name));
}
