import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig, Config, EngineConfig, IssuerConfig } from '../../config/types.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { statement } from '../../store/statements.ts';
import type { DueReason } from '../schedule/due-date.ts';

/** What of the configuration is kept in the database beside the certificates. */
export interface AppliedConfig {
  readonly fingerprint: string;
  readonly engine: EngineConfig;
  readonly issuers: readonly IssuerConfig[];
}

const parsed = new WeakMap<DatabaseSync, AppliedConfig>();

/** The configuration that was applied last; null before the first. Parsed once: every renewal asks several times. */
export function appliedConfig(db: DatabaseSync): AppliedConfig | null {
  const fingerprint = statement(db, 'SELECT fingerprint FROM applied_config').get()?.['fingerprint'];
  if (fingerprint === undefined) return null;
  const kept = parsed.get(db);
  if (kept?.fingerprint === fingerprint) return kept;
  const row = statement(db, 'SELECT engine, issuers FROM applied_config').get() ?? {};
  const applied: AppliedConfig = {
    fingerprint: fingerprint as string,
    engine: JSON.parse(row['engine'] as string) as EngineConfig,
    issuers: JSON.parse(row['issuers'] as string) as IssuerConfig[],
  };
  parsed.set(db, applied);
  return applied;
}

/**
 * Brings the managed certificates in line with the configuration, in one commit. `load` is called only when the file has changed since the
 * last time: at thousands of certificates the parser costs more than all else. A certificate that is no longer declared is kept with its
 * history and not renewed any more, until it is declared again. One whose names, key algorithm, key provider or CA changed is due now, and so is one whose
 * last attempt failed when anything about it changed.
 */
export async function applyConfig(
  store: Store,
  fingerprint: string,
  now: number,
  load: () => Promise<Config>,
): Promise<void> {
  const last = store.read(appliedConfig);
  if (last?.fingerprint === fingerprint) return;
  const config = await load();
  const moved = movedIssuers(last?.issuers ?? [], config.issuers);
  await store.commit((transaction) => {
    const known = readKnown(transaction.db);
    let changed = 0;
    for (const certificate of config.certificates) {
      const before = known.get(certificate.name) ?? null;
      changed += applyCertificate(transaction, certificate, before, now, moved);
      known.delete(certificate.name);
    }
    for (const [name, row] of known) {
      if (row.removed) continue;
      changed += 1;
      statement(transaction.db, 'UPDATE certificate SET removed = 1 WHERE name = ?').run(name);
      transaction.audit({ type: 'certificate.removed', subject: name, data: {} });
    }
    statement(
      transaction.db,
      `INSERT INTO applied_config (id, fingerprint, engine, issuers, applied_at) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, engine = excluded.engine, issuers = excluded.issuers,
       applied_at = excluded.applied_at`,
    ).run(config.fingerprint, JSON.stringify(config.engine), JSON.stringify(config.issuers), now);
    if (JSON.stringify(last?.issuers) !== JSON.stringify(config.issuers)) {
      beginAnewWithIssuers(transaction, last?.issuers ?? [], config.issuers, now);
    }
    transaction.audit({
      type: 'config.applied',
      subject: 'everbind.yaml',
      data: { fingerprint: config.fingerprint, certificates: config.certificates.length, changed },
    });
  });
}

/**
 * What was noted of an issuer that is another one now, or gone, says nothing any more. Whoever mended it wants to see what failed, or waited for its
 * limits, tried again.
 */
function beginAnewWithIssuers(
  { db }: Transaction,
  before: readonly IssuerConfig[],
  after: readonly IssuerConfig[],
  now: number,
): void {
  const same = new Set(after.map((issuer) => JSON.stringify(issuer)));
  for (const issuer of before) {
    if (same.has(JSON.stringify(issuer))) continue;
    statement(db, 'DELETE FROM issuer_health WHERE issuer = ?').run(issuer.name);
    statement(db, 'DELETE FROM issuer_refusal WHERE issuer = ?').run(issuer.name);
  }
  const again = `UPDATE certificate SET next_due = ? WHERE next_due > ? AND due_reason IN ('rate-limit', 'retry')`;
  statement(db, again).run(now, now);
}

/** Issuers that stand for another CA than before: tried out with the staging CA, then pointed to the real one. */
function movedIssuers(before: readonly IssuerConfig[], after: readonly IssuerConfig[]): ReadonlySet<string> {
  const directories = new Map(before.map(({ name, directory }) => [name, directory]));
  return new Set(
    after.filter(({ name, directory }) => (directories.get(name) ?? directory) !== directory).map(({ name }) => name),
  );
}

interface Known {
  readonly config: string;
  readonly removed: boolean;
  readonly failures: number;
}

function readKnown(db: DatabaseSync): Map<string, Known> {
  const rows = statement(db, 'SELECT name, config, removed, failures FROM certificate').all();
  return new Map(
    rows.map((row) => [
      row['name'] as string,
      { config: row['config'] as string, removed: row['removed'] === 1, failures: row['failures'] as number },
    ]),
  );
}

/** 1 when something changed, else 0. */
function applyCertificate(
  { db, audit }: Transaction,
  certificate: CertificateConfig,
  known: Known | null,
  now: number,
  moved: ReadonlySet<string>,
): number {
  const text = JSON.stringify(certificate);
  if (known === null) {
    statement(db, `INSERT INTO certificate (name, config, next_due, due_reason) VALUES (?, ?, ?, 'new')`).run(
      certificate.name,
      text,
      now,
    );
    audit({ type: 'certificate.declared', subject: certificate.name, data: { names: namesOf(certificate) } });
    return 1;
  }
  const isMoved = moved.has(certificate.issuers[0] ?? '');
  if (known.config === text && !known.removed && !isMoved) return 0;
  const another = isMoved || issuance(certificate) !== issuance(JSON.parse(known.config) as CertificateConfig);
  statement(db, 'UPDATE certificate SET config = ?, removed = 0 WHERE name = ?').run(text, certificate.name);
  const dueNow = another || known.failures > 0;
  if (dueNow) {
    statement(db, `UPDATE certificate SET next_due = ?, due_reason = ?, failures = 0 WHERE name = ?`).run(
      now,
      (another ? 'changed' : 'retry') satisfies DueReason,
      certificate.name,
    );
  }
  audit({
    type: 'certificate.changed',
    subject: certificate.name,
    data: { names: namesOf(certificate), dueNow },
  });
  return 1;
}

// What a new certificate is needed for when it changes.
function issuance({ identifiers, key, issuers }: CertificateConfig): string {
  return JSON.stringify([identifiers, key.algorithm, key.provider, issuers[0]]);
}

function namesOf(certificate: CertificateConfig): string[] {
  return certificate.identifiers.map(({ value }) => value);
}
