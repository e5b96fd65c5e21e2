import { createSecretKey, type KeyObject } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../store/store.ts';
import type { MasterKeyProtector } from './master-key.ts';
import { seal, type SealContext, unseal } from './seal.ts';

/** Seals and opens values under the master key. The key is fetched at the first use, not before. */
export interface Sealer {
  seal(context: SealContext, plaintext: Uint8Array): Promise<Uint8Array>;
  /** The caller overwrites the result after use. Throws KEY_SEAL_BROKEN. */
  unseal(context: SealContext, sealed: Uint8Array): Promise<Buffer>;
}

export interface SealerOptions {
  readonly store: Store;
  readonly protector: MasterKeyProtector;
  readonly clock: Clock;
}

/**
 * A sealer for this store. The store holds a known value sealed under its master key, so a master key that is lost or
 * exchanged is KEY_SEAL_BROKEN at the first use, and is never replaced by a new one.
 */
export function createSealer(options: SealerOptions): Sealer {
  let master: Promise<KeyObject> | null = null;
  const fetchMaster = (): Promise<KeyObject> => {
    master ??= openMaster(options).catch((error: unknown) => {
      // The next use tries again: the operator may have repaired the cause.
      master = null;
      throw error;
    });
    return master;
  };
  return {
    seal: async (context, plaintext) => seal(await fetchMaster(), context, plaintext),
    unseal: async (context, sealed) => unseal(await fetchMaster(), context, sealed),
  };
}

const CHECK: SealContext = { purpose: 'check', name: 'master' };
const CHECK_TEXT = Buffer.from('everbind master key');

/**
 * Whether the master key opens what is sealed in this store, which may be open for reading only; a store in which
 * nothing is sealed yet needs none. Throws KEY_SEAL_BROKEN, and what the protector throws.
 */
export async function checkMaster({ store, protector }: Pick<SealerOptions, 'store' | 'protector'>): Promise<void> {
  const check = readCheck(store);
  if (check === null) return;
  const raw = await protector.unseal();
  if (raw === null) throw masterGone(protector);
  const master = createSecretKey(raw);
  raw.fill(0);
  unseal(master, CHECK, check);
}

function masterGone({ description: place }: MasterKeyProtector): EverbindError {
  const message = `the master key ${place} is gone; keys are sealed under it`;
  return new EverbindError('KEY_SEAL_BROKEN', message, { place, reason: 'the master key is gone' });
}

async function openMaster({ store, protector, clock }: SealerOptions): Promise<KeyObject> {
  const check = readCheck(store);
  const found = await protector.unseal();
  if (found === null && check !== null) throw masterGone(protector);
  const raw = found ?? (await protector.create());
  const master = createSecretKey(raw);
  raw.fill(0);
  if (check === null) await writeCheck(store, seal(master, CHECK, CHECK_TEXT), clock);
  // Read again: another process may have been first, with another master key.
  unseal(master, CHECK, readCheck(store) ?? new Uint8Array());
  return master;
}

function readCheck(store: Store): Uint8Array | null {
  const row = store.read((db) => db.prepare('SELECT sealed FROM custody_master WHERE id = 1').get());
  return row === undefined ? null : (row['sealed'] as Uint8Array);
}

async function writeCheck(store: Store, sealed: Uint8Array, clock: Clock): Promise<void> {
  await store.commit((tx) => {
    tx.db
      .prepare('INSERT INTO custody_master (id, sealed, created_at) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING')
      .run(sealed, clock.now());
  });
}
