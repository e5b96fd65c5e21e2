import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig, Config, EngineConfig, IssuerConfig } from '../config/types.ts';
import type { Store, Transaction } from '../store/store.ts';
import { statement } from '../store/statements.ts';
import type { DueReason } from './schedule.ts';

/** What of the configuration is kept in the database beside the certificates. */
export interface AppliedConfig {
  readonly fingerprint: string;
  readonly engine: EngineConfig;
  readonly issuers: readonly IssuerConfig[];
}

/** The configuration that was applied last; null before the first. */
export function appliedConfig(db: DatabaseSync): AppliedConfig | null {
  const row = statement(db, 'SELECT fingerprint, engine, issuers FROM applied_config').get();
  if (row === undefined) return null;
  return {
    fingerprint: row['fingerprint'] as string,
    engine: JSON.parse(row['engine'] as string) as EngineConfig,
    issuers: JSON.parse(row['issuers'] as string) as IssuerConfig[],
  };
}

/**
 * Brings the managed certificates in line with the configuration, in one commit. `load` is called only when the file has changed since the
 * last time: at thousands of certificates the parser costs more than all else. A certificate that is no longer declared is kept with its
 * history and not renewed any more; one whose names, key or issuer changed is due now.
 */
export async function applyConfig(
  store: Store,
  fingerprint: string,
  now: number,
  load: () => Promise<Config>,
): Promise<void> {
  if (store.read(appliedConfig)?.fingerprint === fingerprint) return;
  const config = await load();
  await store.commit((transaction) => {
    const known = readKnown(transaction.db);
    let changed = 0;
    for (const certificate of config.certificates) {
      changed += applyCertificate(transaction, certificate, known.get(certificate.name) ?? null, now);
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
    transaction.audit({
      type: 'config.applied',
      subject: 'everbind.yaml',
      data: { fingerprint: config.fingerprint, certificates: config.certificates.length, changed },
    });
  });
}

interface Known {
  readonly config: string;
  readonly removed: boolean;
}

function readKnown(db: DatabaseSync): Map<string, Known> {
  const rows = statement(db, 'SELECT name, config, removed FROM certificate').all();
  return new Map(
    rows.map((row) => [row['name'] as string, { config: row['config'] as string, removed: row['removed'] === 1 }]),
  );
}

/** 1 when something changed, else 0. */
function applyCertificate(
  { db, audit }: Transaction,
  certificate: CertificateConfig,
  known: Known | null,
  now: number,
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
  if (known.config === text && !known.removed) return 0;
  statement(db, 'UPDATE certificate SET config = ?, removed = 0 WHERE name = ?').run(text, certificate.name);
  const another = issuance(certificate) !== issuance(JSON.parse(known.config) as CertificateConfig);
  if (another || known.removed) {
    const reason: DueReason = 'changed';
    statement(db, 'UPDATE certificate SET next_due = ?, due_reason = ?, failures = 0 WHERE name = ?').run(
      now,
      reason,
      certificate.name,
    );
  }
  audit({
    type: 'certificate.changed',
    subject: certificate.name,
    data: { names: namesOf(certificate), dueNow: another || known.removed },
  });
  return 1;
}

// What a new certificate is needed for when it changes.
function issuance({ identifiers, key, issuers }: CertificateConfig): string {
  return JSON.stringify([identifiers, key.algorithm, issuers[0]]);
}

function namesOf(certificate: CertificateConfig): string[] {
  return certificate.identifiers.map(({ value }) => value);
}
