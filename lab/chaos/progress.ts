import { DatabaseSync } from 'node:sqlite';
import { databaseFile } from '../../src/agent/state.ts';

/** What a fleet still has to do. */
export interface Progress {
  /** Every certificate has been renewed so many times and has nothing open. */
  readonly done: boolean;
  /** When there is something to do for one that is not done, ms since 1970. */
  readonly wakeAt: number;
}

/** Reads it from the database; `rounds`: how many certificates each is to have got. */
export function readProgress(stateDir: string, rounds: number): Progress {
  const db = new DatabaseSync(databaseFile(stateDir), { readOnly: true });
  try {
    const rows = db
      .prepare(
        `SELECT c.next_due, c.next_poll, r.id AS open,
           (SELECT count(*) FROM renewal d WHERE d.certificate_id = c.id AND d.outcome = 'renewed') AS renewed
         FROM certificate c LEFT JOIN renewal r ON r.certificate_id = c.id AND r.outcome IS NULL WHERE c.removed = 0`,
      )
      .all();
    const left = rows.filter((row) => row['open'] !== null || (row['renewed'] as number) < rounds);
    const moments = left.flatMap((row) =>
      [row['next_due'], row['next_poll']].filter((time): time is number => typeof time === 'number'),
    );
    return { done: rows.length > 0 && left.length === 0, wakeAt: Math.min(...moments) };
  } finally {
    db.close();
  }
}
