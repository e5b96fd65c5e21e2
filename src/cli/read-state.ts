import { openStore, type Store } from '../store/store.ts';
import type { Globals } from './globals.ts';
import { databaseFile } from './state.ts';
import type { World } from './world.ts';

/** Opens the database for reading only, also while a renewal runs. Throws STORE_NOT_FOUND. */
export async function withReadOnlyStore<T>(
  globals: Globals,
  world: World,
  work: (store: Store) => T | Promise<T>,
): Promise<T> {
  const store = openStore({ path: databaseFile(globals.stateDir), clock: world.clock, readOnly: true });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
