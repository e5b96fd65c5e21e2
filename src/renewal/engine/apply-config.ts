import type { CertificateConfig, Config, IssuerConfig } from '../../config/types.ts';
import { damagedRows } from '../../store/row-digest.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { appliedConfig, noteApplied } from '../state/applied-config.ts';
import {
  type DeclaredBefore,
  declaredBefore,
  forgetFailures,
  insertCertificate,
  markRemoved,
  requestDeployment,
  setDue,
  setDueOfAll,
  updateConfig,
} from '../state/certificate-table.ts';
import { forgetIssuer } from '../state/issuer-health.ts';

/** Rows of each table: some milliseconds. */
const LOOKED_AT = 100;

/**
 * Brings the managed certificates in line with the configuration, in one commit. `load` is called only when the file
 * has changed since the last time: at thousands of certificates the parser costs more than all else. A certificate that
 * is no longer declared is kept with its history and not renewed any more, until it is declared again. One whose names,
 * key algorithm, key provider or CA changed is due now, and so is one whose last attempt failed when anything about it
 * changed. One whose deployments alone changed is deployed again without an order. An issuer that has another name now
 * is the same issuer. Rows that are not as they were written are written anew.
 */
export async function applyConfig(
  store: Store,
  fingerprint: string,
  now: number,
  load: () => Promise<Config>,
): Promise<void> {
  const last = store.read(appliedConfig);
  const same = last?.fingerprint === fingerprint;
  // Whoever reads the whole file reads all rows as well; otherwise some of them, others in each run.
  const damage = store.read((db) => {
    const found = damagedRows(db, same ? { most: LOOKED_AT, turn: Math.floor(now) } : null);
    // What is written anew depends on which of all the others are whole.
    return same && found.length > 0 ? damagedRows(db) : found;
  });
  if (same && damage.length === 0) return;
  const config = await load();
  const moved = movedIssuers(last?.issuers ?? [], config.issuers);
  const renamed = renamedIssuers(last?.issuers ?? [], config.issuers);
  const rename = renamed.size === 0 ? null : (await import('./rename-issuers.ts')).renameIssuers;
  const rebuildRows = damage.length === 0 ? null : (await import('./rebuild.ts')).rebuildRows;
  await store.commit((transaction) => {
    const { db, audit } = transaction;
    // First, so that what is written anew finds its issuer.
    rename?.(transaction, renamed);
    rebuildRows?.(transaction, damage, config, now);
    const known = declaredBefore(db);
    let changed = 0;
    for (const certificate of config.certificates) {
      const before = known.get(certificate.name) ?? null;
      changed += applyCertificate(transaction, certificate, before, now, { moved, renamed });
      known.delete(certificate.name);
    }
    for (const [name, { id, removed }] of known) {
      if (removed) continue;
      changed += 1;
      markRemoved(db, id);
      audit({ type: 'certificate.removed', subject: name, data: {} });
    }
    noteApplied(db, config, now);
    if (JSON.stringify(last?.issuers) !== JSON.stringify(config.issuers)) {
      const before = (last?.issuers ?? []).map((issuer) => ({
        ...issuer,
        name: renamed.get(issuer.name) ?? issuer.name,
      }));
      beginAnewWithIssuers(transaction, before, config.issuers, now);
    }
    audit({
      type: 'config.applied',
      subject: 'everbind.yaml',
      data: { fingerprint: config.fingerprint, certificates: config.certificates.length, changed },
    });
  });
}

/**
 * What was noted of an issuer that is another one now, or gone, says nothing any more; what waited for one is tried
 * again.
 */
function beginAnewWithIssuers(
  transaction: Transaction,
  before: readonly IssuerConfig[],
  after: readonly IssuerConfig[],
  now: number,
): void {
  const same = new Set(after.map((issuer) => JSON.stringify(issuer)));
  for (const issuer of before) {
    if (!same.has(JSON.stringify(issuer))) forgetIssuer(transaction, issuer.name);
  }
  setDueOfAll(transaction.db, { at: now, reason: 'retry' }, 'issuer-changed');
}

/**
 * From old names to new ones: issuers of which one is gone and one has come with the same account, and no others with
 * that.
 */
function renamedIssuers(before: readonly IssuerConfig[], after: readonly IssuerConfig[]): ReadonlyMap<string, string> {
  const newcomers = Map.groupBy(
    after.filter(({ name }) => before.every((issuer) => issuer.name !== name)),
    accountOf,
  );
  const gone = Map.groupBy(
    before.filter(({ name }) => after.every((issuer) => issuer.name !== name)),
    accountOf,
  );
  const renamed = new Map<string, string>();
  for (const [account, [old, ...others]] of gone) {
    const [one, ...more] = newcomers.get(account) ?? [];
    if (old !== undefined && one !== undefined && others.length + more.length === 0) renamed.set(old.name, one.name);
  }
  return renamed;
}

function accountOf({ directory, externalAccountBinding }: IssuerConfig): string {
  return JSON.stringify([directory, externalAccountBinding?.keyId ?? null]);
}

/** Issuers that stand for another CA than before: tried out with the staging CA, then pointed to the real one. */
function movedIssuers(before: readonly IssuerConfig[], after: readonly IssuerConfig[]): ReadonlySet<string> {
  const directories = new Map(before.map(({ name, directory }) => [name, directory]));
  return new Set(
    after.filter(({ name, directory }) => (directories.get(name) ?? directory) !== directory).map(({ name }) => name),
  );
}

interface IssuerChanges {
  readonly moved: ReadonlySet<string>;
  readonly renamed: ReadonlyMap<string, string>;
}

/** 1 when something changed, else 0. */
function applyCertificate(
  { db, audit }: Transaction,
  certificate: CertificateConfig,
  known: DeclaredBefore | null,
  now: number,
  { moved, renamed }: IssuerChanges,
): number {
  if (known === null) {
    insertCertificate(db, certificate, now);
    audit({ type: 'certificate.declared', subject: certificate.name, data: { names: namesOf(certificate) } });
    return 1;
  }
  const isMoved = moved.has(certificate.issuers[0] ?? '');
  if (known.config === JSON.stringify(certificate) && !known.removed && !isMoved) return 0;
  const before = JSON.parse(known.config) as CertificateConfig;
  const issuers = before.issuers.map((name) => renamed.get(name) ?? name);
  const another = isMoved || issuance(certificate) !== issuance({ ...before, issuers });
  const elsewhere = JSON.stringify(certificate.deployments) !== JSON.stringify(before.deployments);
  updateConfig(db, known.id, certificate);
  const dueNow = another || elsewhere || known.failures > 0;
  if (another || known.failures > 0) {
    setDue(db, known.id, { at: now, reason: another ? 'changed' : 'retry' });
    forgetFailures(db, known.id);
  }
  if (elsewhere) requestDeployment(db, known.id, now);
  audit({ type: 'certificate.changed', subject: certificate.name, data: { names: namesOf(certificate), dueNow } });
  return 1;
}

// What a new certificate is needed for when it changes.
function issuance({ identifiers, key, issuers }: CertificateConfig): string {
  return JSON.stringify([identifiers, key.algorithm, key.provider, issuers[0]]);
}

function namesOf(certificate: CertificateConfig): string[] {
  return certificate.identifiers.map(({ value }) => value);
}
