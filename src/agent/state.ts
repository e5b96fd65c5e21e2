import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditKey } from '../custody/audit-key.ts';
import type { MasterKeyProtector } from '../custody/sealing/master-key.ts';
import { masterKeyFile } from '../custody/sealing/master-key-file.ts';
import { createSecrets, type Secrets } from '../custody/sealing/secrets.ts';
import { createKeyCustody } from '../custody/custody.ts';
import { createSoftwareKeyStore } from '../custody/software/store.ts';
import { createSealer } from '../custody/sealing/sealer.ts';
import { EverbindError } from '../errors/error.ts';
import type { HostKeys } from '../ports/host-keys.ts';
import type { KeyCustody } from '../ports/key-store.ts';
import { openStore, type Store } from '../store/store.ts';
import { requireNoLink, requireTrustedPath } from '../store/trusted-path.ts';
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

/** The file of the master key in a state folder. */
export function masterKeyOf(stateDir: string): MasterKeyProtector {
  return masterKeyFile(join(stateDir, 'master.key'));
}

/**
 * Before anything in a state folder is read, each time: only this account and administrators (root) can change the
 * folder, what is on the way to it, and the database. `make`: the folder may be missing, and is made where the modes of
 * files do not protect it. Throws STORE_EXPOSED, WindowsError.
 */
export async function requireTrustedState(
  stateDir: string,
  { ensurePrivateFolder }: Pick<Environment, 'ensurePrivateFolder'>,
  { make }: { readonly make: boolean },
): Promise<void> {
  requireTrustedPath(stateDir);
  if (make || existsSync(stateDir)) await ensurePrivateFolder?.(stateDir);
  for (const suffix of ['', '-wal', '-shm']) {
    const file = `${databaseFile(stateDir)}${suffix}`;
    requireNoLink(file);
    requireTrustedPath(file);
  }
}

/**
 * Opens the state folder, or makes it. `hostKeys` returns the key storage providers of the web server's host; it is
 * called when a key in one of them is used. Throws STORE_EXPOSED, and what openStore and the
 * key stores throw.
 */
export async function openState(
  stateDir: string,
  environment: Pick<Environment, 'clock' | 'ensurePrivateFolder'>,
  hostKeys: () => Promise<HostKeys> = noHost,
): Promise<State> {
  const { clock } = environment;
  await requireTrustedState(stateDir, environment, { make: true });
  const store = openStore({ path: databaseFile(stateDir), clock });
  try {
    const sealer = createSealer({ store, protector: masterKeyOf(stateDir), clock });
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
