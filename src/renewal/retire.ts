import { statement } from '../store/statements.ts';
import type { EngineContext } from './context.ts';
import { asKnown } from './failure.ts';
import { issuedWith } from './rows.ts';
import type { Issued, ManagedCertificate } from './types.ts';

/**
 * Removes old certificates beyond those kept for rolling back, revoked and failed ones, with their keys, and the keys of renewals that came to
 * no certificate. One that something still refers to stays and is tried again after the next renewal.
 */
export async function retireOld(context: EngineContext, certificate: ManagedCertificate): Promise<void> {
  const { store } = context;
  const { id, config } = certificate;
  const old = store.read((db) => [
    ...issuedWith(db, id, 'previous').slice(config.keepOld),
    ...issuedWith(db, id, 'failed'),
    ...issuedWith(db, id, 'revoked'),
    ...issuedWith(db, id, 'retiring'),
  ]);
  const begun = old.filter(({ status }) => status !== 'retiring');
  if (begun.length > 0) {
    // From here on nobody rolls back to one of them: its key may be gone.
    await store.commit(({ db }) => {
      for (const issued of begun) statement(db, `UPDATE issued SET status = 'retiring' WHERE id = ?`).run(issued.id);
    });
  }
  for (const issued of old) await retireOne(context, certificate, issued);
  await destroyUnusedKeys(context, certificate);
}

async function retireOne(context: EngineContext, certificate: ManagedCertificate, issued: Issued): Promise<void> {
  const { store, keys } = context;
  const { thumbprint, keyHandle } = issued;
  try {
    for (const deployment of context.deploymentsFor(certificate.config)) {
      if (!(await deployment.retire(thumbprint))) return;
    }
    const shared = store.read((db) =>
      statement(
        db,
        `SELECT 1 FROM issued WHERE certificate_id = ? AND key_handle = ? AND status <> 'retired' AND id <> ?`,
      ).get(certificate.id, keyHandle, issued.id),
    );
    if (shared === undefined) await keys.destroy(keyHandle);
    await store.commit(({ db, audit }) => {
      statement(db, `UPDATE issued SET status = 'retired', chain = '' WHERE id = ?`).run(issued.id);
      const data = { thumbprint, keyDestroyed: shared === undefined };
      audit({ type: 'certificate.retired', subject: certificate.name, data });
    });
  } catch (error) {
    const { code } = asKnown(error);
    await store.commit(({ audit }) =>
      audit({ type: 'certificate.retire-failed', subject: certificate.name, data: { thumbprint, code } }),
    );
  }
}

async function destroyUnusedKeys({ store, keys }: EngineContext, { id, name }: ManagedCertificate): Promise<void> {
  const unused = store.read((db) =>
    statement(
      db,
      `SELECT id, key_handle FROM renewal r WHERE certificate_id = ? AND outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0
       AND NOT EXISTS (SELECT 1 FROM issued i WHERE i.certificate_id = r.certificate_id AND i.key_handle = r.key_handle)`,
    ).all(id),
  );
  for (const row of unused) {
    const key = row['key_handle'] as string;
    await keys.destroy(key);
    await store.commit(({ db, audit }) => {
      statement(db, 'UPDATE renewal SET key_destroyed = 1 WHERE id = ?').run(row['id'] as string);
      audit({ type: 'key.destroyed', subject: name, data: { renewal: row['id'] as string, key } });
    });
  }
}
