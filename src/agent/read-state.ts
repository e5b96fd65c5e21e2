import { readConfigFile } from '../config/read.ts';
import { appliedConfig } from '../renewal/state/applied-config.ts';
import { openAuditLog, openStore, type Store, type StoreReader } from '../store/store.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { databaseFile } from './state.ts';

/** Opens the database for reading, even while a renewal runs. Throws STORE_NOT_FOUND. */
export async function withReadOnlyStore<T>(
  paths: AgentPaths,
  environment: Environment,
  work: (store: Store) => T | Promise<T>,
): Promise<T> {
  const store = openStore({ path: databaseFile(paths.stateDir), clock: environment.clock, readOnly: true });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Opens the audit log for reading, even while a renewal runs, and whichever version of Everbind wrote it. Throws what
 * openAuditLog throws.
 */
export async function withAuditLog<T>(
  { stateDir }: AgentPaths,
  work: (log: StoreReader) => T | Promise<T>,
): Promise<T> {
  const log = openAuditLog(databaseFile(stateDir));
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/**
 * Whether the configuration file has changed since it was applied; the next renewal applies it. False for a file that
 * cannot be read.
 */
export async function configChanged(paths: AgentPaths, store: Store): Promise<boolean> {
  const file = await readConfigFile(paths.configFile).catch(() => null);
  return file !== null && file.fingerprint !== store.read(appliedConfig)?.fingerprint;
}
