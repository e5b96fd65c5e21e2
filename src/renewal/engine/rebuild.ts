import { X509Certificate } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig, Config } from '../../config/types.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import { ariIdOf } from '../../pki/x509/ari-id.ts';
import { parseCertificate } from '../../pki/x509/certificate.ts';
import { newestEvent } from '../../store/audit-read.ts';
import { ifReadable } from '../../store/row.ts';
import type { DamagedRow } from '../../store/row-digest.ts';
import type { Transaction } from '../../store/store.ts';
import { dueAt } from '../schedule/due-date.ts';
import { rebuildAccount } from '../state/account-table.ts';
import {
  certificateIfReadable,
  certificateIdOf,
  damagedCertificate,
  rebuildCertificate,
  requestDeployment,
  setDue,
  wholeNames,
} from '../state/certificate-table.ts';
import {
  activeIfReadable,
  damagedIssued,
  type Issued,
  type IssuedStatus,
  rebuildIssued,
} from '../state/issued-table.ts';
import {
  endRenewal,
  endUnreadable,
  isObtaining,
  type ObtainedBy,
  obtainedBy,
  openRenewalIfReadable,
  rebuildRenewal,
} from '../state/renewal-table.ts';

// Rows that are not as they were written are written anew from what can be trusted: the declaration, the audit log, and
// rows that are whole. Nothing that only the damaged row says decides what is ordered, deployed or removed.

/** In the transaction that applies the configuration, before anything else reads these rows. */
export function rebuildRows(
  transaction: Transaction,
  damage: readonly DamagedRow[],
  config: Config,
  now: number,
): void {
  const rowsOf = (table: DamagedRow['table']): readonly number[] =>
    damage.filter((row) => row.table === table).map(({ rowid }) => rowid);
  const certificates = rebuildCertificates(transaction, rowsOf('certificate'), config, now);
  for (const rowid of rowsOf('renewal')) {
    const id = ifReadable(() => rebuildRenewal(transaction.db, rowid, now));
    noteRebuilt(transaction, 'renewal', rowid, nameOf(transaction.db, id));
  }
  for (const id of rowsOf('issued')) {
    const owner = ifReadable(() => rebuildOneIssued(transaction, id, now));
    noteRebuilt(transaction, 'issued', id, nameOf(transaction.db, owner));
  }
  for (const rowid of rowsOf('account')) {
    noteRebuilt(transaction, 'account', rowid, ifReadable(() => rebuildAccount(transaction.db, rowid)) ?? '');
  }
  for (const [id, declared] of certificates) keepInUse(transaction.db, id, declared, now);
}

function noteRebuilt({ audit }: Transaction, table: DamagedRow['table'], row: number, subject: string): void {
  audit({ type: 'state.rebuilt', subject, data: { table, row } });
}

function nameOf(db: DatabaseSync, id: number | null): string {
  return (id === null ? null : certificateIfReadable(db, id))?.name ?? '';
}

/** The declared certificates whose rows were written anew, by id. */
function rebuildCertificates(
  transaction: Transaction,
  rows: readonly number[],
  { certificates }: Config,
  now: number,
): ReadonlyMap<number, CertificateConfig> {
  const { db } = transaction;
  const rebuilt = new Map<number, CertificateConfig>();
  if (rows.length === 0) return rebuilt;
  const whole = wholeNames(db, rows);
  const missing = new Map(certificates.filter(({ name }) => !whole.has(name)).map((one) => [one.name, one]));
  const damaged = rows.map((id) => damagedCertificate(db, id));
  const take = (id: number, name: string | undefined): void => {
    const config = missing.get(name ?? '');
    if (config === undefined || rebuilt.has(id)) return;
    missing.delete(config.name);
    rebuilt.set(id, config);
  };
  // First what the column says, then what the configuration beside it says: one of the two may be damaged. What is left
  // over once belongs together.
  for (const which of [0, 1]) for (const { id, names } of damaged) take(id, names[which]);
  const left = damaged.filter(({ id }) => !rebuilt.has(id));
  if (left.length === 1 && missing.size === 1) for (const { id } of left) take(id, [...missing.keys()][0]);
  for (const { id, names } of damaged) {
    const config = rebuilt.get(id) ?? undeclared(names[0] ?? `row ${id}`);
    const removed = !rebuilt.has(id);
    // What stands open of one that is not declared is for names that nobody knows.
    if (removed) endUnreadable(db, id, now);
    rebuildCertificate(db, id, config, { due: { at: now, reason: 'new' }, deployed: false, removed, now });
    noteRebuilt(transaction, 'certificate', id, config.name);
  }
  return rebuilt;
}

/** Stands for the configuration of a certificate that is not declared any more: its history stays. */
function undeclared(name: string): CertificateConfig {
  return {
    name,
    identifiers: [],
    key: { algorithm: 'ec-p256', provider: 'software', reuse: false },
    issuers: [],
    challenges: [],
    deployments: [],
    keepOld: 1,
    maintenance: null,
  };
}

/** A certificate in use that is as declared stays in use until its time; otherwise another one is due now. */
function keepInUse(db: DatabaseSync, id: number, config: CertificateConfig, now: number): void {
  const active = activeIfReadable(db, id);
  if (active === null || active.revokedAt !== null) return;
  const renewal = obtainedAs(db, active.thumbprint)?.renewal;
  const asDeclared =
    renewal?.identifiers === JSON.stringify(config.identifiers) &&
    active.algorithm === config.key.algorithm &&
    config.issuers.includes(active.issuer);
  const due = asDeclared ? dueAt(active, null) : { at: now, reason: 'changed' as const };
  rebuildCertificate(db, id, config, { due, deployed: true, removed: false, now });
  if (openRenewalIfReadable(db, id) !== null) setDue(db, id, { at: now, reason: 'requested' }, 'begun');
  // Where it is deployed was in the row as well: the places that are declared now get it again.
  else if (asDeclared && config.deployments.length > 0) requestDeployment(db, id, now);
}

/** Whose certificate this is, and how it was got: what the audit log says, with the renewal that it names. */
function obtainedAs(
  db: DatabaseSync,
  thumbprint: string,
): { readonly name: string; readonly renewal: ObtainedBy | null } | null {
  const event = newestEvent(db, ['certificate.issued'], { thumbprint });
  if (event === null) return null;
  return { name: event.subject, renewal: event.renewal === null ? null : obtainedBy(db, event.renewal) };
}

/** Returns the managed certificate that it belongs to; null when nobody knows. */
function rebuildOneIssued({ db }: Transaction, id: number, now: number): number | null {
  const left = damagedIssued(db, id);
  const der = wholeChain(left.chain)?.[0] ?? null;
  const leaf = der === null ? null : parseCertificate(der);
  const fromChain = leaf === null ? null : obtainedAs(db, leaf.thumbprint);
  const thumbprint = fromChain === null || leaf === null ? left.thumbprint : leaf.thumbprint;
  const known = fromChain ?? obtainedAs(db, thumbprint);
  const owner = (known === null ? null : certificateIdOf(db, known.name)) ?? left.certificateId;
  if (owner === null) return null;
  const { name = '', renewal = null } = known ?? {};
  const status = renewal === null ? 'retired' : statusOf(db, name, thumbprint, renewal);
  // Without its chain it cannot be used any more; it is ours, and is removed like every other that was not used.
  const lost = fromChain === null && status !== 'retired';
  const isRevoked = newestEvent(db, ['certificate.revoked'], { thumbprint }) !== null;
  const issued: Issued = {
    id,
    certificateId: owner,
    thumbprint,
    status: lost ? 'failed' : status,
    chain: lost || status === 'retired' ? '' : left.chain,
    algorithm: renewal?.algorithm ?? 'ec-p256',
    keyHandle: renewal?.keyHandle ?? '',
    issuer: renewal?.issuer ?? '',
    accountUrl: renewal?.accountUrl ?? '',
    notBefore: leaf?.notBefore ?? 0,
    notAfter: leaf?.notAfter ?? 0,
    issuedAt: renewal?.startedAt ?? now,
    ariId: leaf === null ? null : ariIdOf(leaf),
    revokedAt: isRevoked ? now : null,
  };
  rebuildIssued(db, issued);
  if (lost || status === 'retired') replaceLost(db, owner, id, now);
  return owner;
}

/** What it was, by the audit log. */
function statusOf(db: DatabaseSync, name: string, thumbprint: string, { outcome }: ObtainedBy): IssuedStatus {
  if (newestEvent(db, ['certificate.retired'], { thumbprint }) !== null) return 'retired';
  const committed = ['renewal.committed', 'rollback.committed'];
  if (newestEvent(db, committed, { subject: name })?.thumbprint === thumbprint) return 'active';
  if (newestEvent(db, committed, { thumbprint }) !== null) return 'previous';
  return outcome === null ? 'pending' : 'failed';
}

/**
 * A renewal cannot go on with a certificate that is lost, and a managed certificate without one in use needs another.
 */
function replaceLost(db: DatabaseSync, owner: number, id: number, now: number): void {
  const open = openRenewalIfReadable(db, owner);
  if (open !== null && !isObtaining(open) && open.issuedId === id) endRenewal(db, open.id, 'failed', now);
  if (activeIfReadable(db, owner) === null) setDue(db, owner, { at: now, reason: 'new' });
}

/** The certificates of a chain when each is signed by the next; null otherwise. */
function wholeChain(pem: string): readonly Uint8Array[] | null {
  try {
    const chain = parsePemCertificates(pem);
    const parsed = chain.map((der) => new X509Certificate(der));
    const broken = parsed.some((one, index) => {
      const next = parsed[index + 1];
      return next !== undefined && !one.verify(next.publicKey);
    });
    return broken ? null : chain;
  } catch {
    return null;
  }
}
