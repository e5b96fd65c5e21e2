import type { DatabaseSync } from 'node:sqlite';
import type { DeploymentConfig } from '../../config/types.ts';
import { asEverbindError } from '../../errors/error.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import { certificateById, type ManagedCertificate } from '../state/certificate-table.ts';
import {
  isKeyShared,
  type Issued,
  issuedWith,
  markRetired,
  markRetiring,
  previousOf,
  retireLater,
  toRetire,
} from '../state/issued-table.ts';
import { deploymentsOfIssued, noteKeyDestroyed, type UnusedKey, unusedKeys } from '../state/renewal-table.ts';

/** What something still refers to is looked at again after this time. */
const AGAIN_MS = 86_400_000;

/**
 * Marks what is not kept any more when another certificate is in use: those in use longer ago than the ones kept for
 * rolling back, revoked and failed ones. In the transaction that says so: a kill right after it leaves the rest to the
 * next run.
 */
export function markOld(db: DatabaseSync, { id, config }: ManagedCertificate, now: number): void {
  const old = [
    ...previousOf(db, id).slice(config.keepOld),
    ...issuedWith(db, id, 'failed'),
    ...issuedWith(db, id, 'revoked'),
  ];
  for (const issued of old) markRetiring(db, issued.id, now);
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

/**
 * Tries again what something still referred to, or could not be removed, before. One that something refers to stays.
 */
export async function retireLeftovers(context: RunContext): Promise<void> {
  const { store, clock } = context;
  for (const issued of store.read((db) => toRetire(db, clock.now()))) {
    context.signal.throwIfAborted();
    const certificate = store.read((db) => certificateById(db, issued.certificateId));
    if (certificate !== null) await retireOne(context, certificate, issued);
  }
}

async function retireOne(context: RunContext, certificate: ManagedCertificate, issued: Issued): Promise<void> {
  const { store, keys } = context;
  const { name } = certificate;
  const { id, thumbprint, keyHandle } = issued;
  try {
    for (const place of placesOf(context, certificate, id)) {
      const deployment = await context.deploymentFor(place, certificate);
      if (await deployment.retire(thumbprint)) continue;
      await tryLater(context, id);
      return;
    }
    const shared = store.read((db) => isKeyShared(db, issued));
    if (!shared) await keys.destroy(keyHandle);
    await store.commit(({ db, audit }) => {
      markRetired(db, id);
      audit({ type: 'certificate.retired', subject: name, data: { thumbprint, keyDestroyed: !shared } });
    });
  } catch (error) {
    await tryLater(context, id, { name, thumbprint, code: asEverbindError(error).code });
  }
}

/**
 * Where this one was bound according to the journal, and where the configuration has it now: what is bound must be seen
 * in either.
 */
function placesOf(
  { store }: RunContext,
  { id, config }: ManagedCertificate,
  issuedId: number,
): readonly DeploymentConfig[] {
  const journaled = store.read((db) => deploymentsOfIssued(db, id, issuedId));
  const places = new Map([...config.deployments, ...journaled].map((place) => [JSON.stringify(place), place]));
  return [...places.values()];
}

async function tryLater(
  { store, clock }: RunContext,
  id: number,
  failed?: { readonly name: string; readonly thumbprint: string; readonly code: string },
): Promise<void> {
  await store.commit(({ db, audit }) => {
    retireLater(db, id, clock.now() + AGAIN_MS);
    if (failed === undefined) return;
    const { name, thumbprint, code } = failed;
    audit({ type: 'certificate.retire-failed', subject: name, data: { thumbprint, code } });
  });
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
    noteKeyDestroyed(db, renewal);
    audit({ type: 'key.destroyed', subject: name, data: { renewal, key } });
  });
}
