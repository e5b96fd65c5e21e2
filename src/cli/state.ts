import { join } from 'node:path';
import { createAuditKey } from '../custody/audit-key.ts';
import { masterKeyFile } from '../custody/master-key-file.ts';
import { createSecrets, type Secrets } from '../custody/secrets.ts';
import { createSoftwareKeyStore } from '../custody/software.ts';
import { createVault } from '../custody/vault.ts';
import type { KeyStore } from '../ports/key-store.ts';
import { openStore, type Store } from '../store/store.ts';
import { pinAuditKey } from './audit-key-file.ts';
import type { World } from './world.ts';

/** The state folder, opened for writing: database, sealed keys and secrets, the audit log with its key. */
export interface State {
  readonly store: Store;
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  close(): Promise<void>;
}

/** Path of the database below a state folder. */
export function databaseFile(stateDir: string): string {
  return join(stateDir, 'everbind.db');
}

/** Opens the state folder, or makes it. Errors: those of openStore and of the key store. */
export async function openState(stateDir: string, { clock }: Pick<World, 'clock'>): Promise<State> {
  const store = openStore({ path: databaseFile(stateDir), clock });
  try {
    const vault = createVault({ store, protector: masterKeyFile(join(stateDir, 'master.key')), clock });
    const signer = await createAuditKey({ store, vault, clock });
    await pinAuditKey(stateDir, signer);
    store.signWith(signer);
    return {
      store,
      keys: createSoftwareKeyStore({ store, vault, clock }),
      secrets: createSecrets({ store, vault, clock }),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
