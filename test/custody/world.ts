import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createAuditKey } from '../../src/custody/audit-key.ts';
import { masterKeyFile } from '../../src/custody/sealing/master-key-file.ts';
import { createSecrets, type Secrets } from '../../src/custody/sealing/secrets.ts';
import { createSoftwareKeyStore, type SoftwareKeyStore } from '../../src/custody/software/store.ts';
import { createSealer } from '../../src/custody/sealing/sealer.ts';
import { errorCode } from '../../src/errors/error.ts';
import type { CheckpointSigner } from '../../src/ports/checkpoint-signer.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export const clock: Clock = { now: () => Date.now(), sleep: () => Promise.resolve() };

/** A state folder with store and custody, opened anew as often as one likes. */
export interface World {
  readonly folder: string;
  readonly database: string;
  readonly masterKey: string;
  open(): Opened;
  /** Changes the database behind the store's back. */
  tamper(work: (db: DatabaseSync) => void): void;
  remove(): void;
}

export interface Opened {
  readonly store: Store;
  readonly keys: SoftwareKeyStore;
  readonly secrets: Secrets;
  readonly auditKey: () => Promise<CheckpointSigner>;
  /** How often the master key was fetched. */
  readonly fetches: () => number;
}

export function createWorld(): World {
  const folder = mkdtempSync(join(tmpdir(), 'everbind-custody-'));
  const database = join(folder, 'everbind.db');
  const masterKey = join(folder, 'master.key');
  return {
    folder,
    database,
    masterKey,
    open: () => {
      const store = openStore({ path: database, clock });
      const file = masterKeyFile(masterKey);
      let fetches = 0;
      const protector = {
        ...file,
        unseal: () => {
          fetches += 1;
          return file.unseal();
        },
      };
      const options = { store, sealer: createSealer({ store, protector, clock }), clock };
      return {
        store,
        keys: createSoftwareKeyStore(options),
        secrets: createSecrets(options),
        auditKey: () => createAuditKey(options),
        fetches: () => fetches,
      };
    },
    tamper: (work) => {
      const db = new DatabaseSync(database, { timeout: 5000 });
      work(db);
      db.close();
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The code that this work fails with, `none` when it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => errorCode(error),
  );
}
