import type { DatabaseSync } from 'node:sqlite';
import type { ChallengeConfig } from '../../config/types.ts';
import type { Store } from '../../store/store.ts';
import { statement } from '../../store/statements.ts';

/** One way of proving a name, as ordered. */
export interface Way {
  readonly name: string;
  readonly config: ChallengeConfig;
}

/** When a way failed at the CA, milliseconds since 1970; null when it has not since it last worked. */
export type FailedAt = (way: Way) => number | null;

/** When each way to prove a name of this certificate has failed at the CA. */
export function readChallengeFailures(db: DatabaseSync, certificateId: number): FailedAt {
  const rows = statement(db, 'SELECT name, config, at FROM challenge_failure WHERE certificate_id = ?').all(
    certificateId,
  );
  const known = new Map(rows.map((row) => [`${String(row['name'])} ${String(row['config'])}`, row['at'] as number]));
  return ({ name, config }) => known.get(`${name} ${JSON.stringify(config)}`) ?? null;
}

/** Keeps that these ways have failed at the CA; `at` in milliseconds since 1970. */
export async function noteChallengeFailures(
  store: Store,
  certificateId: number,
  ways: readonly Way[],
  at: number,
): Promise<void> {
  if (ways.length === 0) return;
  await store.commit(({ db }) => {
    const sql = 'INSERT OR REPLACE INTO challenge_failure (certificate_id, name, config, at) VALUES (?, ?, ?, ?)';
    for (const { name, config } of ways) statement(db, sql).run(certificateId, name, JSON.stringify(config), at);
  });
}

/** These ways have worked. */
export async function forgetChallengeFailures(
  store: Store,
  certificateId: number,
  ways: readonly Way[],
): Promise<void> {
  if (ways.length === 0) return;
  await store.commit(({ db }) => {
    const sql = 'DELETE FROM challenge_failure WHERE certificate_id = ? AND name = ? AND config = ?';
    for (const { name, config } of ways) statement(db, sql).run(certificateId, name, JSON.stringify(config));
  });
}
