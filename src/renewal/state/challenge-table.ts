import type { DatabaseSync } from 'node:sqlite';
import type { ChallengeConfig } from '../../config/types.ts';
import type { ChallengeTask } from '../../ports/solver.ts';
import { ifReadable, integer, json, text } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';
import type { Store } from '../../store/store.ts';

// The tables `challenge_response` and `challenge_failure`. Nothing else writes them. Times are milliseconds since 1970.

/** A challenge response that is, or may be, visible to everybody. */
export interface VisibleResponse {
  readonly task: ChallengeTask;
  readonly config: ChallengeConfig;
}

/** Notes responses that are about to be made visible for a renewal. */
export async function noteResponses(
  store: Store,
  renewalId: string,
  responses: readonly VisibleResponse[],
): Promise<void> {
  const sql = 'INSERT INTO challenge_response (renewal_id, task, config) VALUES (?, ?, ?)';
  await store.commit(({ db }) => {
    for (const { task, config } of responses) {
      statement(db, sql).run(renewalId, JSON.stringify(task), JSON.stringify(config));
    }
  });
}

/** These are removed. */
export async function forgetResponses(store: Store, tasks: readonly ChallengeTask[]): Promise<void> {
  if (tasks.length === 0) return;
  await store.commit(({ db }) => {
    for (const task of tasks) {
      statement(db, 'DELETE FROM challenge_response WHERE task = ?').run(JSON.stringify(task));
    }
  });
}

/**
 * What interrupted runs left visible, and what could not be removed so far; without what is damaged, which nobody could
 * remove.
 */
export function visibleResponses(db: DatabaseSync): readonly VisibleResponse[] {
  return statement(db, 'SELECT task, config FROM challenge_response')
    .all()
    .flatMap(
      (row) =>
        ifReadable(() => ({ task: json<ChallengeTask>(row, 'task'), config: json<ChallengeConfig>(row, 'config') })) ??
        [],
    );
}

export function anyVisibleResponse(db: DatabaseSync): boolean {
  return statement(db, 'SELECT 1 FROM challenge_response LIMIT 1').get() !== undefined;
}

/** Name of a certificate with a response that is visible to this issuer now; null: there is none. */
export function visibleTo(db: DatabaseSync, issuer: string): string | null {
  const row = statement(
    db,
    `SELECT c.name FROM challenge_response p JOIN renewal r ON r.id = p.renewal_id JOIN certificate c ON c.id = r.certificate_id
     WHERE r.issuer = ? AND r.outcome IS NULL LIMIT 1`,
  ).get(issuer);
  return row === undefined ? null : text(row, 'name');
}

/** One way to validate a name, as ordered. */
export interface Way {
  readonly name: string;
  readonly config: ChallengeConfig;
}

/** When a way failed at the CA; null when it has not since it last worked. */
export type FailedAt = (way: Way) => number | null;

/** When each way to validate a name of this certificate has failed at the CA. */
export function readChallengeFailures(db: DatabaseSync, certificateId: number): FailedAt {
  const sql = 'SELECT name, config, at FROM challenge_failure WHERE certificate_id = ?';
  const rows = statement(db, sql).all(certificateId);
  const known = new Map(rows.map((row) => [`${text(row, 'name')} ${text(row, 'config')}`, integer(row, 'at')]));
  return ({ name, config }) => known.get(`${name} ${JSON.stringify(config)}`) ?? null;
}

/** Keeps that these ways have failed at the CA. */
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
