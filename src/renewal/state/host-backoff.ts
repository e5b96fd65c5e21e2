import type { DatabaseSync } from 'node:sqlite';
import { createHostHolds, type HostHolds } from '../../acme/session/host-backoff.ts';
import { statement } from '../../store/statements.ts';
import type { EngineParts } from '../engine/engine-ports.ts';

/** A host that asked to be left alone. */
export interface HeldHost {
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Hosts that no request is sent to now. What was noted later than now is of a clock that was put back. */
export function heldHosts(db: DatabaseSync, now: number): readonly HeldHost[] {
  const rows = statement(db, 'SELECT host, until FROM host_hold WHERE until > ? AND noted_at <= ? ORDER BY host').all(
    now,
    now,
  );
  return rows.map((row) => ({ host: row['host'] as string, until: row['until'] as number }));
}

/** Holds that outlast this process. */
export function keptHolds({ store, clock, random }: Pick<EngineParts, 'store' | 'clock' | 'random'>): HostHolds {
  return createHostHolds({
    clock,
    random,
    kept: store.read((db) => heldHosts(db, clock.now())).map(({ host, until }) => [host, until] as const),
    keep: (host, until) =>
      store.commit(({ db, audit }) => {
        const now = clock.now();
        statement(db, 'DELETE FROM host_hold WHERE until <= ? OR noted_at > ?').run(now, now);
        statement(
          db,
          `INSERT INTO host_hold (host, until, noted_at) VALUES (?, ?, ?)
           ON CONFLICT (host) DO UPDATE SET until = excluded.until, noted_at = excluded.noted_at`,
        ).run(host, until, now);
        audit({ type: 'host.held', subject: host, data: { until: new Date(until).toISOString() } });
      }),
  });
}
