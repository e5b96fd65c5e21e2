import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createVerifier, type Verifier } from '../../src/audit/note.ts';
import { systemClock } from '../../src/net/system.ts';
import type { CheckpointSigner } from '../../src/ports/checkpoint-signer.ts';
import { openStore, type Store, type StoreOptions } from '../../src/store/store.ts';

export const LOG_NAME = 'log.everbind.test';

/** Signs checkpoints with this key, or with a new one. */
export function testSigner(key: KeyObject = generateKeyPairSync('ed25519').privateKey): CheckpointSigner {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(12);
  return { name: LOG_NAME, publicKey, sign: (data) => sign(null, data, key) };
}

/** The same key in every process of a test: never a secret. */
export function sharedSigner(): CheckpointSigner {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]);
  return testSigner(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
}

export function verifierOf({ name, publicKey }: CheckpointSigner): Verifier {
  return createVerifier(name, publicKey);
}

export interface Folder {
  /** Of the database, in a state folder that does not exist yet. */
  readonly path: string;
  open(options?: Pick<StoreOptions, 'readOnly' | 'migrations'>): Store;
  /** Runs SQL on the file behind the store's back. */
  tamper<T>(work: (db: DatabaseSync) => T): T;
}

/** Runs the work with a new state folder; closes every store that it opened and removes the folder. */
export async function withFolder(work: (folder: Folder) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'everbind-store-'));
  const path = join(root, 'state', 'everbind.db');
  const opened: Store[] = [];
  const folder: Folder = {
    path,
    open: (options = {}) => {
      const store = openStore({ path, clock: systemClock, ...options });
      opened.push(store);
      return store;
    },
    tamper: (change) => {
      const db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: false, defensive: false });
      try {
        return change(db);
      } finally {
        db.close();
      }
    },
  };
  try {
    await work(folder);
  } finally {
    for (const store of opened) await store.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Commits one event. */
export async function log(store: Store, type: string, data: string | number = ''): Promise<void> {
  await store.commit(({ audit }) => audit({ type, subject: 'test', data }));
}
