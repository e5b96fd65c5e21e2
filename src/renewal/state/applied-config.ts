import type { DatabaseSync } from 'node:sqlite';
import type { EngineConfig, IssuerConfig } from '../../config/types.ts';
import { json, text } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';

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
  const row = statement(db, 'SELECT fingerprint, engine, issuers FROM applied_config').get() ?? {};
  const applied: AppliedConfig = {
    fingerprint: text(row, 'fingerprint'),
    engine: json<EngineConfig>(row, 'engine'),
    issuers: json<readonly IssuerConfig[]>(row, 'issuers'),
  };
  parsed.set(db, applied);
  return applied;
}

/** An issuer of the configuration that was applied last; null when it is not there (any more). */
export function issuerConfig(db: DatabaseSync, name: string): IssuerConfig | null {
  return appliedConfig(db)?.issuers.find((issuer) => issuer.name === name) ?? null;
}

/** Keeps this configuration as the applied one; `now` in milliseconds since 1970. */
export function noteApplied(db: DatabaseSync, { fingerprint, engine, issuers }: AppliedConfig, now: number): void {
  statement(
    db,
    `INSERT INTO applied_config (id, fingerprint, engine, issuers, applied_at) VALUES (1, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, engine = excluded.engine, issuers = excluded.issuers,
     applied_at = excluded.applied_at`,
  ).run(fingerprint, JSON.stringify(engine), JSON.stringify(issuers), now);
}
