import type { DatabaseSync } from 'node:sqlite';
import type { EngineConfig, IssuerConfig } from '../../config/types.ts';
import { ifReadable, json, text } from '../../store/row.ts';
import { requireWhole } from '../../store/row-digest.ts';
import { statement } from '../../store/statements.ts';

/** What of the configuration is kept in the database beside the certificates. */
export interface AppliedConfig {
  readonly fingerprint: string;
  readonly engine: EngineConfig;
  readonly issuers: readonly IssuerConfig[];
}

const parsed = new WeakMap<DatabaseSync, AppliedConfig>();

/**
 * The configuration that was applied last; null before the first, and when its row is damaged: the next run applies the
 * file again. Parsed once: every renewal asks several times.
 */
export function appliedConfig(db: DatabaseSync): AppliedConfig | null {
  const fingerprint = statement(db, 'SELECT fingerprint FROM applied_config').get()?.['fingerprint'];
  if (fingerprint === undefined) return null;
  const kept = parsed.get(db);
  if (kept?.fingerprint === fingerprint) return kept;
  const applied = ifReadable(() => toApplied(db));
  if (applied !== null) parsed.set(db, applied);
  return applied;
}

function toApplied(db: DatabaseSync): AppliedConfig {
  const row = requireWhole(db, 'applied_config', statement(db, 'SELECT * FROM applied_config').get() ?? {});
  return {
    fingerprint: text(row, 'fingerprint'),
    engine: json<EngineConfig>(row, 'engine'),
    issuers: json<readonly IssuerConfig[]>(row, 'issuers'),
  };
}

/** An issuer of the configuration that was applied last; null when it is not there (any more). */
export function issuerConfig(db: DatabaseSync, name: string): IssuerConfig | null {
  return appliedConfig(db)?.issuers.find((issuer) => issuer.name === name) ?? null;
}

/**
 * The next run applies the file again, changed or not, and writes anew what is damaged: something was met that is not
 * as it was written.
 */
export function applyAgain(db: DatabaseSync): void {
  statement(db, 'UPDATE applied_config SET fingerprint = ?').run(UNKNOWN);
}

/** In place of a fingerprint. */
const UNKNOWN = '';

/** Whether this file is another one than was applied last; false where that is not known. */
export function isChanged(db: DatabaseSync, fingerprint: string): boolean {
  const applied = appliedConfig(db);
  return applied?.fingerprint !== UNKNOWN && applied?.fingerprint !== fingerprint;
}

/** Keeps this configuration as the applied one; `now` in milliseconds since 1970. */
export function noteApplied(db: DatabaseSync, { fingerprint, engine, issuers }: AppliedConfig, now: number): void {
  statement(
    db,
    // Nothing of the row before stays, which may be damaged.
    'INSERT OR REPLACE INTO applied_config (id, fingerprint, engine, issuers, applied_at) VALUES (1, ?, ?, ?, ?)',
  ).run(fingerprint, JSON.stringify(engine), JSON.stringify(issuers), now);
}
