import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig, DeploymentConfig } from '../../config/types.ts';
import { asEverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { RunContext } from '../engine/run-context.ts';
import { issuedWith, previousOf, toRetire } from '../state/rows.ts';
import type { Issued, ManagedCertificate } from '../state/types.ts';

/** What something still refers to is looked at again after this time. */
const AGAIN_MS = 86_400_000;

/**
 * Marks what is not kept any more when another certificate is in use: those in use longer ago than the ones kept for rolling back, revoked and
 * failed ones. In the transaction that says so: a kill right after it leaves the rest to the next run.
 */
export function markOld(db: DatabaseSync, { id, config }: ManagedCertificate, now: number): void {
  const old = [
    ...previousOf(db, id).slice(config.keepOld),
    ...issuedWith(db, id, 'failed'),
    ...issuedWith(db, id, 'revoked'),
  ];
  // From here on nobody rolls back to one of them: its key may be gone.
  const mark = statement(db, `UPDATE issued SET status = 'retiring', retire_at = ? WHERE id = ?`);
  for (const issued of old) mark.run(now, issued.id);
}

/** Removes what is marked of one certificate, with the keys, and the keys of renewals that came to no certificate. */
export async function retireOld(context: RunContext, certificate: ManagedCertificate): Promise<void> {
  const { old, unused } = context.store.read((db) => ({
    old: issuedWith(db, certificate.id, 'retiring'),
    unused: unusedKeys(db, certificate.id),
  }));
  for (const issued of old) await retireOne(context, certificate, issued);
  for (const key of unused) await destroyUnusedKey(context, certificate, key);
}

/** Tries again what something still referred to, or could not be removed, before. One that something refers to stays. */
export async function retireLeftovers(context: RunContext): Promise<void> {
  const { store, clock } = context;
  for (const { issued, certificate } of store.read((db) => toRetire(db, clock.now()))) {
    context.signal.throwIfAborted();
    await retireOne(context, certificate, issued);
  }
}

async function retireOne(context: RunContext, certificate: ManagedCertificate, issued: Issued): Promise<void> {
  const { store, keys } = context;
  const { name } = certificate;
  const { id, thumbprint, keyHandle } = issued;
  try {
    for (const deployment of await context.deploymentsFor(placesOf(context, certificate, id))) {
      if (!(await deployment.retire(thumbprint))) {
        await tryLater(context, id);
        return;
      }
    }
    const shared = store.read((db) =>
      statement(
        db,
        `SELECT 1 FROM issued WHERE certificate_id = ? AND key_handle = ? AND id <> ?
         AND status IN ('pending', 'active', 'previous', 'failed', 'revoked', 'retiring')`,
      ).get(certificate.id, keyHandle, id),
    );
    if (shared === undefined) await keys.destroy(keyHandle);
    await store.commit(({ db, audit }) => {
      statement(db, `UPDATE issued SET status = 'retired', retire_at = NULL, chain = '' WHERE id = ?`).run(id);
      audit({ type: 'certificate.retired', subject: name, data: { thumbprint, keyDestroyed: shared === undefined } });
    });
  } catch (error) {
    await tryLater(context, id, { name, thumbprint, code: asEverbindError(error).code });
  }
}

/** Where this one was bound according to the journal, and where the configuration has it now: what is bound must be seen in either. */
function placesOf({ store }: RunContext, { id, config }: ManagedCertificate, issuedId: number): CertificateConfig {
  const rows = store.read((db) =>
    statement(
      db,
      'SELECT deployments FROM renewal WHERE certificate_id = ? AND issued_id = ? AND deployments IS NOT NULL',
    ).all(id, issuedId),
  );
  const journaled = rows.flatMap((row) => JSON.parse(row['deployments'] as string) as DeploymentConfig[]);
  const places = new Map([...config.deployments, ...journaled].map((place) => [JSON.stringify(place), place]));
  return { ...config, deployments: [...places.values()] };
}

async function tryLater(
  { store, clock }: RunContext,
  id: number,
  failed?: { readonly name: string; readonly thumbprint: string; readonly code: string },
): Promise<void> {
  await store.commit(({ db, audit }) => {
    statement(db, 'UPDATE issued SET retire_at = ? WHERE id = ?').run(clock.now() + AGAIN_MS, id);
    if (failed === undefined) return;
    const { name, thumbprint, code } = failed;
    audit({ type: 'certificate.retire-failed', subject: name, data: { thumbprint, code } });
  });
}

/** A key that was made for a renewal which came to no certificate. */
interface UnusedKey {
  readonly renewal: string;
  readonly key: string;
}

function unusedKeys(db: DatabaseSync, certificateId: number): readonly UnusedKey[] {
  const rows = statement(
    db,
    `SELECT id, key_handle FROM renewal r WHERE certificate_id = ? AND outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0
     AND NOT EXISTS (SELECT 1 FROM issued i WHERE i.certificate_id = r.certificate_id AND i.key_handle = r.key_handle)`,
  ).all(certificateId);
  return rows.map((row) => ({ renewal: row['id'] as string, key: row['key_handle'] as string }));
}

async function destroyUnusedKey(
  { store, keys }: RunContext,
  { name }: ManagedCertificate,
  { renewal, key }: UnusedKey,
): Promise<void> {
  try {
    await keys.destroy(key);
  } catch {
    // A provider that is gone, or not ready, keeps nobody from destroying the others; the next renewal tries again.
    return;
  }
  await store.commit(({ db, audit }) => {
    statement(db, 'UPDATE renewal SET key_destroyed = 1 WHERE id = ?').run(renewal);
    audit({ type: 'key.destroyed', subject: name, data: { renewal, key } });
  });
}
