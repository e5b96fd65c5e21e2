import type { DatabaseSync } from 'node:sqlite';
import { createHostBackoffs, type HostBackoffs } from '../../acme/session/host-backoff.ts';
import { statement } from '../../store/statements.ts';
import type { EnginePorts } from '../engine/engine-ports.ts';

/** A host that asked to be left alone. */
export interface HostBackoff {
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Hosts that no request is sent to now. What was noted later than now is of a clock that was put back. */
export function hostBackoffs(db: DatabaseSync, now: number): readonly HostBackoff[] {
  const rows = statement(
    db,
    'SELECT host, until FROM host_backoff WHERE until > ? AND noted_at <= ? ORDER BY host',
  ).all(now, now);
  return rows.map((row) => ({ host: row['host'] as string, until: row['until'] as number }));
}

/** Holds that outlast this process. */
export function durableHostBackoff({
  store,
  clock,
  random,
}: Pick<EnginePorts, 'store' | 'clock' | 'random'>): HostBackoffs {
  return createHostBackoffs({
    clock,
    random,
    kept: store.read((db) => hostBackoffs(db, clock.now())).map(({ host, until }) => [host, until] as const),
    keep: (host, until) =>
      store.commit(({ db, audit }) => {
        const now = clock.now();
        statement(db, 'DELETE FROM host_backoff WHERE until <= ? OR noted_at > ?').run(now, now);
        statement(
          db,
          `INSERT INTO host_backoff (host, until, noted_at) VALUES (?, ?, ?)
           ON CONFLICT (host) DO UPDATE SET until = excluded.until, noted_at = excluded.noted_at`,
        ).run(host, until, now);
        audit({ type: 'host.backoff', subject: host, data: { until: new Date(until).toISOString() } });
      }),
  });
}
