import type { DatabaseSync } from 'node:sqlite';
import { readConfigFile } from '../../config/read.ts';
import type { EverbindError } from '../../errors/error.ts';
import type { Outcome } from '../../renewal/engine/outcome.ts';
import { ALL_DUE } from '../../renewal/engine/select.ts';
import { nextWake } from '../../renewal/state/certificate-queries.ts';
import { readDaemon, removeDaemon, writeDaemon } from '../../renewal/state/daemon-row.ts';
import { openStore } from '../../store/store.ts';
import { withAgent } from '../compose.ts';
import type { AgentPaths, Environment } from '../environment.ts';
import { databaseFile } from '../state.ts';
import { withHeartbeat } from './heartbeat.ts';
import { runLoop } from './loop.ts';

/** What a daemon reports to its caller. */
export interface DaemonEvents {
  onOutcome(outcome: Outcome): void;
  /**
   * `nextWake` null: the configuration is wrong, and the last good one stays in force. Otherwise a cycle failed as a
   * whole, and the next one begins at `nextWake` (milliseconds since 1970).
   */
  onTrouble(error: EverbindError, nextWake: number | null): void;
}

/**
 * Renews whatever falls due and applies a changed configuration until the environment's signal aborts, whatever a cycle
 * throws. Holds the lease, and keeps the database open, only during cycles.
 */
export async function runDaemon(
  paths: AgentPaths,
  environment: Environment,
  { onOutcome, onTrouble }: DaemonEvents,
): Promise<void> {
  const { clock, signal } = environment;
  const identity = { pid: process.pid, startedAt: clock.now() };
  let applied: string | null = null;
  const fingerprint = async (): Promise<string> => (await readConfigFile(paths.configFile)).fingerprint;

  const cycle = async (): Promise<number | null> => {
    applied = await fingerprint().catch(() => null);
    return withAgent(
      paths,
      environment,
      () => {},
      ({ state: { store }, engine, signal: stop }) => {
        // A cycle may take more than an hour. The trouble of the one before it stays visible.
        const beat = (db: DatabaseSync): void => {
          const now = clock.now();
          writeDaemon(db, { ...identity, seenAt: now, nextWake: now, trouble: readDaemon(db)?.trouble ?? null });
        };
        return withHeartbeat(
          clock,
          () => store.commit(({ db }) => beat(db)),
          async () => {
            await engine.cycle(ALL_DUE, onOutcome, stop, true);
            return store.read(nextWake);
          },
        );
      },
      { onBadConfig: (error) => onTrouble(error, null) },
    );
  };

  // Opened each time: the file may have been replaced, by a backup for example. Windows would refuse to replace an open
  // file.
  const note = async (write: (db: DatabaseSync) => void): Promise<void> => {
    const store = openStore({ path: databaseFile(paths.stateDir), clock });
    try {
      await store.commit(({ db }) => write(db));
    } finally {
      await store.close();
    }
  };

  await runLoop({
    clock,
    signal,
    cycle,
    alive: (wake, trouble) =>
      note((db) => {
        const now = clock.now();
        const told = trouble === null ? null : { code: trouble.code, message: trouble.message, at: now };
        writeDaemon(db, { ...identity, seenAt: now, nextWake: wake, trouble: told });
      }),
    isWanted: async () => (await fingerprint()) !== applied,
    onTrouble,
  });
  await note(removeDaemon).catch(() => {});
}
