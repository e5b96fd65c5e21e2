import { loadConfig } from '../config/load.ts';
import { readConfigFile } from '../config/read.ts';
import { checkMaster } from '../custody/sealing/sealer.ts';
import { asEverbindError, type EverbindError } from '../errors/error.ts';
import { appliedConfig, isChanged } from '../renewal/state/applied-config.ts';
import { requireTrustedPath } from '../store/trusted-path.ts';
import { openAuditLog, openStore, type Store, type StoreReader } from '../store/store.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { databaseFile, masterKeyOf, requireTrustedState } from './state.ts';

/** Opens the database for reading, even while a renewal runs. Throws STORE_NOT_FOUND, STORE_EXPOSED. */
export async function withReadOnlyStore<T>(
  paths: AgentPaths,
  environment: Environment,
  work: (store: Store) => T | Promise<T>,
): Promise<T> {
  await requireTrustedState(paths.stateDir, environment, { make: false });
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
  return file !== null && store.read((db) => isChanged(db, file.fingerprint));
}

/** What of the state folder cannot be used now, beside the database: the next run would fail with it. */
export async function findProblems(
  { configFile, stateDir }: AgentPaths,
  { deploymentCatalogue }: Environment,
  store: Store,
): Promise<readonly EverbindError[]> {
  const checks = [
    async () => {
      requireTrustedPath(configFile);
      const { fingerprint } = await readConfigFile(configFile);
      // What was applied is right: a large file is not parsed again.
      if (store.read(appliedConfig)?.fingerprint !== fingerprint) await loadConfig(configFile, deploymentCatalogue);
    },
    () => checkMaster({ store, protector: masterKeyOf(stateDir) }),
  ];
  const ends = await Promise.allSettled(checks.map((check) => check()));
  return ends.flatMap((end) => (end.status === 'rejected' ? asEverbindError(end.reason) : []));
}
