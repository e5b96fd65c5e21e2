import { join } from 'node:path';
import { createAuditKey } from '../custody/audit-key.ts';
import { masterKeyFile } from '../custody/sealing/master-key-file.ts';
import { createSecrets, type Secrets } from '../custody/sealing/secrets.ts';
import { createKeyCustody } from '../custody/custody.ts';
import { createSoftwareKeyStore } from '../custody/software/store.ts';
import { createSealer } from '../custody/sealing/sealer.ts';
import { EverbindError } from '../errors/error.ts';
import type { HostKeys } from '../ports/host-keys.ts';
import type { KeyCustody } from '../ports/key-store.ts';
import { openStore, type Store } from '../store/store.ts';
import { pinAuditKey } from './audit-key-file.ts';
import type { Environment } from './environment.ts';

/** The state folder, opened for writing: database, sealed keys and secrets, the audit log with its key. */
export interface State {
  readonly store: Store;
  readonly keys: KeyCustody;
  readonly secrets: Secrets;
  close(): Promise<void>;
}

/** Path of the database in a state folder. */
export function databaseFile(stateDir: string): string {
  return join(stateDir, 'everbind.db');
}

/**
 * Opens the state folder, or makes it. `hostKeys` returns the key storage providers of the web server's host; it is
 * called when a key in one of them is used. Throws what openStore and the key stores throw.
 */
export async function openState(
  stateDir: string,
  { clock, ensurePrivateFolder }: Pick<Environment, 'clock' | 'ensurePrivateFolder'>,
  hostKeys: () => Promise<HostKeys> = noHost,
): Promise<State> {
  await ensurePrivateFolder?.(stateDir);
  const store = openStore({ path: databaseFile(stateDir), clock });
  try {
    const sealer = createSealer({ store, protector: masterKeyFile(join(stateDir, 'master.key')), clock });
    const signer = await createAuditKey({ store, sealer, clock });
    await pinAuditKey(stateDir, signer);
    store.signWith(signer);
    return {
      store,
      keys: createKeyCustody({ software: createSoftwareKeyStore({ store, sealer, clock }), hostKeys }),
      secrets: createSecrets({ store, sealer, clock }),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function noHost(): Promise<never> {
  return Promise.reject(
    new EverbindError('WIN_NOT_WINDOWS', 'this command does not use keys of the web server’s host'),
  );
}
