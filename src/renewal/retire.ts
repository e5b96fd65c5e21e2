import { statement } from '../store/statements.ts';
import type { EngineContext } from './context.ts';
import { asKnown } from './failure.ts';
import { issuedWith } from './rows.ts';
import type { Issued, ManagedCertificate } from './types.ts';

/**
 * Removes old certificates beyond those kept for rollback, and failed ones, with their keys. One that something still refers to stays and is
 * tried again after the next renewal. A failure here never fails a renewal: the new certificate serves already.
 */
export async function retireOld(context: EngineContext, certificate: ManagedCertificate): Promise<void> {
  const { store } = context;
  const old = store.read((db) => [
    ...issuedWith(db, certificate.id, 'previous').slice(certificate.config.keepOld),
    ...issuedWith(db, certificate.id, 'failed'),
    ...issuedWith(db, certificate.id, 'revoked'),
  ]);
  for (const issued of old) await retireOne(context, certificate, issued);
}

async function retireOne(context: EngineContext, certificate: ManagedCertificate, issued: Issued): Promise<void> {
  const { store, keys } = context;
  const deployments = context.deploymentsFor(certificate.config);
  try {
    for (const deployment of deployments) if (!(await deployment.retire(issued.thumbprint))) return;
    await store.commit(({ db, audit }) => {
      statement(db, `UPDATE issued SET status = 'retired' WHERE id = ?`).run(issued.id);
      audit({ type: 'certificate.retired', subject: certificate.name, data: { thumbprint: issued.thumbprint } });
    });
    const inUse = store.read((db) =>
      statement(db, `SELECT 1 FROM issued WHERE key_handle = ? AND status <> 'retired'`).get(issued.keyHandle),
    );
    if (inUse === undefined) await keys.destroy(issued.keyHandle);
  } catch (error) {
    const { code } = asKnown(error);
    await store.commit(({ audit }) =>
      audit({
        type: 'certificate.retire-failed',
        subject: certificate.name,
        data: { thumbprint: issued.thumbprint, code },
      }),
    );
  }
}
