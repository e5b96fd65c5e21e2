import type { KeyObject } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyAlgorithm, KeyHandle, KeyStore } from '../../ports/key-store.ts';
import type { Signer } from '../../ports/signer.ts';
import { statement } from '../../store/statements.ts';
import type { Store } from '../../store/store.ts';
import { createLru } from '../../concurrency/lru.ts';
import { assertCertificateOf } from '../possession.ts';
import { exportPrivateKey, generatePrivateKey, importPrivateKey, softwareSigner } from './key.ts';
import type { Sealer } from '../sealing/sealer.ts';

const SOFTWARE_PROVIDER = 'software';

/** Keys kept open: the account keys, which sign all the time, and those of the renewals under way. */
const OPEN_KEYS = 256;

export interface SoftwareKeyStoreOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

interface OpenKey {
  readonly key: KeyObject;
  readonly signer: Signer;
}

export interface SoftwareKeyStore extends KeyStore {
  /** The private key itself, for custody's own uses. Throws KEY_NOT_FOUND, KEY_SEAL_BROKEN. */
  privateKey(handle: KeyHandle): Promise<KeyObject>;
}

/** Keys sealed in the database, used in this process's memory. */
export function createSoftwareKeyStore({ store, sealer, clock }: SoftwareKeyStoreOptions): SoftwareKeyStore {
  const opened = createLru<OpenKey>(OPEN_KEYS);
  const underway = new Map<KeyHandle, Promise<KeyAlgorithm>>();

  /**
   * Makes the key unless an interrupted run did already; returns the algorithm of the key that the handle names then.
   */
  async function ensure(handle: KeyHandle, algorithm: KeyAlgorithm): Promise<KeyAlgorithm> {
    const row = store.read((db) => readKeyRow(db, handle));
    if (row !== null) return row.algorithm;
    const key = await generatePrivateKey(algorithm);
    const pkcs8 = exportPrivateKey(key);
    let sealed: Uint8Array;
    try {
      sealed = await sealer.seal({ purpose: 'key', name: handle }, pkcs8);
    } finally {
      pkcs8.fill(0);
    }
    // Another process may have been faster: its key stays, ours is dropped.
    const kept = await store.commit((tx) => insertKeyRow(tx.db, { handle, algorithm, sealed, createdAt: clock.now() }));
    if (kept === null) opened.set(handle, { key, signer: softwareSigner(key, algorithm) });
    return kept ?? algorithm;
  }

  async function load(handle: KeyHandle): Promise<OpenKey> {
    const cached = opened.get(handle);
    if (cached !== undefined) return cached;
    const row = store.read((db) => readKeyRow(db, handle));
    if (row === null) throw new EverbindError('KEY_NOT_FOUND', `there is no key ${handle}`, { handle });
    const pkcs8 = await sealer.unseal({ purpose: 'key', name: handle }, row.sealed);
    const key = importPrivateKey(pkcs8, row.algorithm);
    pkcs8.fill(0);
    if (key === null) {
      throw new EverbindError('KEY_SEAL_BROKEN', `what is sealed as ${handle} is no ${row.algorithm} key`, { handle });
    }
    const entry = { key, signer: softwareSigner(key, row.algorithm) };
    opened.set(handle, entry);
    return entry;
  }

  return {
    provider: SOFTWARE_PROVIDER,

    async generate(name, algorithm) {
      const handle = handleOf(name);
      // Set before anything is awaited, so that two calls at once make one key.
      const work = underway.get(handle) ?? ensure(handle, algorithm).finally(() => underway.delete(handle));
      underway.set(handle, work);
      const kept = await work;
      if (kept === algorithm) return handle;
      throw new EverbindError('KEY_ALGORITHM_UNSUPPORTED', `the key ${handle} exists with another algorithm`, {
        handle,
        algorithm,
        kept,
      });
    },

    async open(handle) {
      return (await load(handle)).signer;
    },

    async privateKey(handle) {
      return (await load(handle)).key;
    },

    async attach(handle, chain) {
      const { key, signer } = await load(handle);
      await assertCertificateOf(handle, signer.publicKey, chain);
      return { kind: 'pkcs8', privateKey: exportPrivateKey(key) };
    },

    async destroy(handle) {
      await underway.get(handle)?.catch(() => undefined);
      opened.delete(handle);
      await store.commit((tx) => deleteKeyRow(tx.db, handle));
    },
  };
}

function handleOf(name: string): KeyHandle {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) return `${SOFTWARE_PROVIDER}:${name}`;
  throw new EverbindError('KEY_STORE_FAILED', `${JSON.stringify(name)} cannot name a key`, { name });
}

interface KeyRow {
  readonly handle: KeyHandle;
  readonly algorithm: KeyAlgorithm;
  readonly sealed: Uint8Array;
  /** ms since 1970. */
  readonly createdAt: number;
}

/** The sealed key under this handle; null when there is none. */
function readKeyRow(db: DatabaseSync, handle: KeyHandle): KeyRow | null {
  const row = statement(db, 'SELECT algorithm, sealed, created_at FROM custody_keys WHERE handle = ?').get(handle);
  if (row === undefined) return null;
  return {
    handle,
    algorithm: row['algorithm'] as KeyAlgorithm,
    sealed: row['sealed'] as Uint8Array,
    createdAt: row['created_at'] as number,
  };
}

/** null when the row was inserted; otherwise the algorithm of the key that has this handle already. */
function insertKeyRow(db: DatabaseSync, row: KeyRow): KeyAlgorithm | null {
  const { changes } = statement(
    db,
    'INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (handle) DO NOTHING',
  ).run(row.handle, row.algorithm, row.sealed, row.createdAt);
  return changes === 1 ? null : (readKeyRow(db, row.handle)?.algorithm ?? null);
}

/** Overwrites the octets before it deletes the row. */
function deleteKeyRow(db: DatabaseSync, handle: KeyHandle): void {
  statement(db, 'UPDATE custody_keys SET sealed = zeroblob(length(sealed)) WHERE handle = ?').run(handle);
  statement(db, 'DELETE FROM custody_keys WHERE handle = ?').run(handle);
}
