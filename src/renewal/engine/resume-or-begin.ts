import type { DatabaseSync } from 'node:sqlite';
import type { CertificateKeyConfig } from '../../config/types.ts';
import type { KeyCustody, KeyHandle } from '../../ports/key-store.ts';
import { mayHaveIssued } from './may-have-issued.ts';
import { giveBackTokens, takeTokens } from '../ratelimits/limiter.ts';
import { chooseIssuer, issuersWithRoom, requireRoom } from './choose-issuer.ts';
import type { RunContext } from './run-context.ts';
import { isKeyLost } from './failure.ts';
import { abandonOrder } from '../issuers/acme/order/abandon-order.ts';
import type { Store } from '../../store/store.ts';
import { closeRenewal, insertRenewal } from '../state/renewal-row.ts';
import { isKeyRevoked, issuedById, issuedWith, openRenewal } from '../state/rows.ts';
import { usableIssuers } from '../state/issuer-health.ts';
import { isBinding, isObtaining } from '../state/steps.ts';
import type { Issued, ManagedCertificate, Renewal } from '../state/types.ts';

/** The open renewal if it still fits the configuration, else a new one; null when the certificate is no longer declared and nothing is open. */
export async function resumeOrBegin(context: RunContext, certificate: ManagedCertificate): Promise<Renewal | null> {
  const { store, clock } = context;
  const { name } = certificate;
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && stillWanted(context, certificate, open) && !isBetterElsewhere(context, certificate, open)) {
    await store.commit(({ audit }) =>
      audit({ type: `${open.kind}.resumed`, subject: name, data: { renewal: open.id, step: open.step } }),
    );
    return open;
  }
  if (open !== null) {
    const reason = reasonToGiveUp(context, certificate, open);
    await store.commit((transaction) => {
      giveBackTokens(transaction, open, null, clock.now());
      closeRenewal(transaction, name, open, clock.now(), { outcome: 'superseded', data: { reason } });
    });
    await abandonOrder(context, open);
  }
  return certificate.removed ? null : begin(context, certificate);
}

function stillWanted({ store, clock, keys }: RunContext, certificate: ManagedCertificate, open: Renewal): boolean {
  const { config } = certificate;
  if (isBinding(open.step)) return true;
  if (certificate.removed) return false;
  if (isOfRevokedKey(store, open)) return false;
  if (open.kind === 'rollback') return true;
  if (JSON.stringify(open.identifiers) !== JSON.stringify(config.identifiers)) return false;
  if (open.algorithm !== config.key.algorithm || !config.issuers.includes(open.issuer)) return false;
  if (!isKeptBy(keys, config.key.provider, open.keyHandle)) return false;
  if (open.issuedId === null) return true;
  const { issuedId } = open;
  const issued = store.read((db) => issuedById(db, issuedId));
  // A certificate that waited for its binding for half its life is renewed instead.
  return issued !== null && clock.now() < (issued.notBefore + issued.notAfter) / 2;
}

function isOfRevokedKey(store: Store, { certificateId, keyHandle }: Renewal): boolean {
  return store.read((db) => isKeyRevoked(db, certificateId, keyHandle));
}

function reasonToGiveUp(context: RunContext, certificate: ManagedCertificate, open: Renewal): string {
  if (certificate.removed) return 'certificate removed';
  if (isOfRevokedKey(context.store, open)) return 'key revoked';
  return stillWanted(context, certificate, open) ? 'another issuer' : 'configuration changed';
}

/** Whether its issuer is left alone for now, there is no certificate yet, and another issuer can be asked. */
function isBetterElsewhere(context: RunContext, certificate: ManagedCertificate, open: Renewal): boolean {
  if (open.kind !== 'renewal' || !isObtaining(open.step) || mayHaveIssued(context, certificate, open)) return false;
  const { store, clock } = context;
  const now = clock.now();
  if (store.read((db) => usableIssuers(db, certificate, now)).includes(open.issuer)) return false;
  return store.read((db) => issuersWithRoom(db, certificate, now)).length > 0;
}

/** Begins a new renewal, with this issuer or the first that can be asked, and takes from its budget. Throws RENEWAL_RATE_LIMITED. */
export async function begin(
  { store, random, clock, keys }: RunContext,
  certificate: ManagedCertificate,
  wanted: string | null = null,
): Promise<Renewal> {
  const { id, name, config } = certificate;
  const renewalId = Buffer.from(random.bytes(8)).toString('hex');
  const { algorithm, provider } = config.key;
  const kept = config.key.reuse
    ? store.read((db) => reusableKey(db, keys, config.key, issuedWith(db, id, 'active')[0]))
    : null;
  const reused = await stillThere(keys, kept);
  const renewal: Omit<Renewal, 'issuer'> = {
    id: renewalId,
    certificateId: id,
    kind: 'renewal',
    step: reused === null ? 'started' : 'key',
    identifiers: config.identifiers,
    algorithm,
    keyHandle: reused ?? `${keys.storeFor(provider).provider}:r-${renewalId}`,
    accountUrl: null,
    orderUrl: null,
    issuedId: null,
    deployments: null,
    plans: null,
    rollbacks: 0,
    startedAt: clock.now(),
    authorizedAt: null,
  };
  return store.commit((transaction) => {
    const { db } = transaction;
    const now = clock.now();
    const issuer = wanted === null ? chooseIssuer(db, certificate, now) : requireRoom(db, certificate, wanted, now);
    const begun: Renewal = { ...renewal, issuer };
    insertRenewal(transaction, name, begun);
    takeTokens(transaction, certificate, begun, now);
    return begun;
  });
}

/**
 * The key of the certificate in use, where the configuration wants it kept and it is as configured; null for a new one. Never that of a revoked
 * certificate: it may be known to others, and CAs refuse it.
 */
export function reusableKey(
  db: DatabaseSync,
  keys: KeyCustody,
  { reuse, algorithm, provider }: CertificateKeyConfig,
  active: Issued | undefined,
): KeyHandle | null {
  if (!reuse || active === undefined || active.algorithm !== algorithm) return null;
  if (isKeyRevoked(db, active.certificateId, active.keyHandle)) return null;
  return isKeptBy(keys, provider, active.keyHandle) ? active.keyHandle : null;
}

/** A device may have been reset: with a key that is gone no renewal would ever succeed. */
async function stillThere(keys: KeyCustody, handle: KeyHandle | null): Promise<KeyHandle | null> {
  if (handle === null) return null;
  try {
    await keys.open(handle);
    return handle;
  } catch (error) {
    if (isKeyLost(error)) return null;
    throw error;
  }
}

function isKeptBy(keys: KeyCustody, provider: string, handle: KeyHandle): boolean {
  return handle.startsWith(`${keys.storeFor(provider).provider}:`);
}
