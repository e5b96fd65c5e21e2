import type { DatabaseSync } from 'node:sqlite';
import type { CertificateKeyConfig } from '../../config/types.ts';
import { meaningOf } from '../../errors/error.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import { parseCertificate } from '../../pki/x509/certificate.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import type { KeyCustody, KeyHandle } from '../../ports/key-store.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { chooseIssuer, giveBackTokens, issuersWithRoom, requireRoom, takeTokens } from '../ratelimits/limiter.ts';
import { dueInUse } from '../state/certificate-queries.ts';
import { type ManagedCertificate, setDue } from '../state/certificate-table.ts';
import { activeOf, isKeyRevoked, type Issued, requireIssued } from '../state/issued-table.ts';
import { usableIssuers } from '../state/issuer-health.ts';
import {
  isDeploying,
  isObtaining,
  type Obtaining,
  openRenewal,
  type Renewal,
  type RenewalKind,
  requestOf,
  insertRenewal,
  type NotDeployed,
} from '../state/renewal-table.ts';
import type { RunContext } from './engine-ports.ts';
import { closeRenewal } from './end-attempt.ts';
import { mayHaveIssued } from './resumable.ts';

/**
 * The open renewal if it still fits the configuration, else a new one; null when the certificate is no longer declared
 * and nothing is open.
 */
export async function resumeOrBegin(context: RunContext, certificate: ManagedCertificate): Promise<Renewal | null> {
  const { store } = context;
  const { name } = certificate;
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && stillWanted(context, certificate, open) && !isBetterElsewhere(context, certificate, open)) {
    await store.commit(({ audit }) =>
      audit({ type: `${open.kind}.resumed`, subject: name, data: { renewal: open.id, step: open.step } }),
    );
    return open;
  }
  if (open !== null) await supersede(context, certificate, open, reasonToSupersede(context, certificate, open));
  if (certificate.removed) return null;
  return (await deployInUse(context, certificate)) ?? begin(context, certificate);
}

/**
 * Begins another deployment of the certificate in use, where one is wanted and nothing calls for a new certificate;
 * null otherwise.
 */
async function deployInUse(context: RunContext, certificate: ManagedCertificate): Promise<NotDeployed | null> {
  const { store, keys } = context;
  const active = certificate.redeploy ? store.read((db) => activeOf(db, certificate.id)) : null;
  if (active === null || !isWhatIsWanted(context, certificate, active)) return null;
  // It could not be installed again.
  if ((await stillThere(keys, active.keyHandle)) === null) return null;
  const renewal = deploymentOf(context, active, 'deployment');
  await store.commit((transaction) => openIn(transaction, certificate.name, renewal));
  return renewal;
}

/** Whether a renewal would get nothing better: it is not due yet, and as the configuration wants it. */
function isWhatIsWanted({ store, keys, clock }: RunContext, certificate: ManagedCertificate, issued: Issued): boolean {
  const { config } = certificate;
  const now = clock.now();
  if (issued.status !== 'active' || issued.notAfter <= now) return false;
  if (store.read((db) => isKeyRevoked(db, issued.certificateId, issued.keyHandle))) return false;
  if (store.read((db) => dueInUse(db, issued)).at <= now) return false;
  if (issued.algorithm !== config.key.algorithm || !config.issuers.includes(issued.issuer)) return false;
  if (!isKeptBy(keys, config.key.provider, issued.keyHandle)) return false;
  const names = (identifiers: readonly Identifier[]): string =>
    JSON.stringify(identifiers.map(({ type, value }) => `${type} ${value}`).toSorted());
  return names(identifiersOf(issued)) === names(config.identifiers);
}

/** What begins with a certificate that is there already. */
export function deploymentOf(
  { clock, random }: RunContext,
  issued: Issued,
  kind: Exclude<RenewalKind, 'renewal'>,
): NotDeployed {
  return {
    id: Buffer.from(random.bytes(8)).toString('hex'),
    certificateId: issued.certificateId,
    kind,
    step: 'issued',
    issuer: issued.issuer,
    identifiers: identifiersOf(issued),
    algorithm: issued.algorithm,
    keyHandle: issued.keyHandle,
    issuedId: issued.id,
    rollbacks: 0,
    startedAt: clock.now(),
  };
}

function identifiersOf({ chain }: Issued): readonly Identifier[] {
  const [leaf] = parsePemCertificates(chain);
  return leaf === undefined ? [] : parseCertificate(leaf).identifiers;
}

/**
 * Ends an open renewal in favour of `also`, which runs in the same transaction, and abandons its order at the issuer.
 */
export async function supersede(
  { store, clock, issuers, signal }: RunContext,
  { name }: Pick<ManagedCertificate, 'name'>,
  open: Renewal,
  reason: string,
  also?: (transaction: Transaction) => void,
): Promise<void> {
  await store.commit((transaction) => {
    giveBackTokens(transaction, open, null, clock.now());
    closeRenewal(transaction, name, open, clock.now(), { outcome: 'superseded', data: { reason } });
    also?.(transaction);
  });
  // Later steps have nothing pending any more, earlier ones nothing at the issuer.
  if (open.step !== 'ordered') return;
  try {
    await issuers.open(open.issuer).abandon(requestOf(name, open));
  } catch {
    // The issuer may no longer be configured: its order expires by itself.
    signal.throwIfAborted();
  }
}

/** Journals the start of a renewal, of a roll-back or of a deployment. What is open is due, also when it was begun before its time. */
export function openIn(transaction: Transaction, name: string, renewal: Obtaining | NotDeployed): void {
  insertRenewal(transaction, name, renewal);
  setDue(transaction.db, renewal.certificateId, { at: renewal.startedAt, reason: 'requested' }, 'begun');
}

function stillWanted(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): boolean {
  const { store, clock, keys } = context;
  const { config } = certificate;
  if (isDeploying(renewal)) return true;
  if (certificate.removed) return false;
  if (isOfRevokedKey(store, renewal)) return false;
  if (renewal.kind === 'rollback') return true;
  if (renewal.kind === 'deployment') {
    const { issuedId: inUse } = renewal;
    return isWhatIsWanted(
      context,
      certificate,
      store.read((db) => requireIssued(db, inUse)),
    );
  }
  if (JSON.stringify(renewal.identifiers) !== JSON.stringify(config.identifiers)) return false;
  if (renewal.algorithm !== config.key.algorithm || !config.issuers.includes(renewal.issuer)) return false;
  if (!isKeptBy(keys, config.key.provider, renewal.keyHandle)) return false;
  if (isObtaining(renewal)) return true;
  const { issuedId } = renewal;
  const issued = store.read((db) => requireIssued(db, issuedId));
  // A certificate that waited for its binding for half its life is renewed instead.
  return clock.now() < (issued.notBefore + issued.notAfter) / 2;
}

function isOfRevokedKey(store: Store, { certificateId, keyHandle }: Renewal): boolean {
  return store.read((db) => isKeyRevoked(db, certificateId, keyHandle));
}

function reasonToSupersede(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): string {
  if (certificate.removed) return 'certificate removed';
  if (isOfRevokedKey(context.store, renewal)) return 'key revoked';
  return stillWanted(context, certificate, renewal) ? 'another issuer' : 'configuration changed';
}

/** Whether its issuer is not asked for now, there is no certificate yet, and another issuer can be asked. */
function isBetterElsewhere(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): boolean {
  if (!isObtaining(renewal) || mayHaveIssued(context, renewal)) return false;
  const { store, clock } = context;
  const now = clock.now();
  if (store.read((db) => usableIssuers(db, certificate, now)).includes(renewal.issuer)) return false;
  return store.read((db) => issuersWithRoom(db, certificate, now)).length > 0;
}

/**
 * Begins a new renewal, with this issuer or the first that can be asked, and takes from its buckets. Throws
 * RENEWAL_RATE_LIMITED.
 */
export async function begin(
  { store, random, clock, keys }: RunContext,
  certificate: ManagedCertificate,
  wanted: string | null = null,
): Promise<Obtaining> {
  const { id, name, config } = certificate;
  const renewalId = Buffer.from(random.bytes(8)).toString('hex');
  const { algorithm, provider } = config.key;
  const kept = config.key.reuse ? store.read((db) => reusableKey(db, keys, config.key, activeOf(db, id))) : null;
  const reused = await stillThere(keys, kept);
  return store.commit((transaction) => {
    const { db } = transaction;
    const now = clock.now();
    const begun: Obtaining = {
      id: renewalId,
      certificateId: id,
      kind: 'renewal',
      step: reused === null ? 'started' : 'key',
      issuer: wanted === null ? chooseIssuer(db, certificate, now) : requireRoom(db, certificate, wanted, now),
      identifiers: config.identifiers,
      algorithm,
      keyHandle: reused ?? `${keys.storeFor(provider).provider}:r-${renewalId}`,
      rollbacks: 0,
      startedAt: now,
    };
    openIn(transaction, name, begun);
    takeTokens(transaction, certificate, begun, now);
    return begun;
  });
}

/**
 * The key of the certificate in use, where the configuration wants it kept and it is as configured; null for a new one.
 * Never that of a revoked certificate: it may be known to others, and CAs refuse it.
 */
export function reusableKey(
  db: DatabaseSync,
  keys: KeyCustody,
  { reuse, algorithm, provider }: CertificateKeyConfig,
  active: Issued | null,
): KeyHandle | null {
  if (!reuse || active === null || active.algorithm !== algorithm) return null;
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
    if (meaningOf(error).resume === 'discard') return null;
    throw error;
  }
}

function isKeptBy(keys: KeyCustody, provider: string, handle: KeyHandle): boolean {
  return handle.startsWith(`${keys.storeFor(provider).provider}:`);
}
