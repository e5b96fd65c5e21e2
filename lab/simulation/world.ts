import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/ports/clock.ts';
import type { CheckpointSigner } from '../../src/ports/checkpoint-signer.ts';
import type { KeyCustody, KeyStore } from '../../src/ports/key-store.ts';
import type { Random } from '../../src/ports/random.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { createEngine, type Engine } from '../../src/renewal/engine/engine.ts';
import type { Exchange } from './exchange.ts';
import { openStore, type Store } from '../../src/store/store.ts';

/** A database of its own with a real engine over it. */
export interface SimulatedWorld {
  readonly store: Store;
  /** As if each of these had given us an account. */
  haveAccounts(cas: readonly string[]): Promise<void>;
  engineWith(exchange: Exchange): Engine;
  /** Octets. */
  databaseSize(): number;
  /** Closes and removes it. */
  close(): Promise<void>;
}

/** In memory where the system has such a folder: a simulation has nothing to lose. */
export function openWorld(clock: Clock, random: Random): SimulatedWorld {
  const folder = mkdtempSync(join(memoryFolder(), 'everbind-simulation-'));
  const path = join(folder, 'everbind.db');
  const store = openStore({ path, clock, volatile: true });
  store.signWith(unsigned);
  return {
    store,
    haveAccounts: (cas) =>
      store.commit(({ db }) => {
        const account = db.prepare('INSERT INTO account (issuer, directory, key_handle, url) VALUES (?, ?, ?, ?)');
        for (const ca of cas)
          account.run(ca, `https://${ca}.test/directory`, 'software:account', `https://${ca}.test/account/1`);
      }),
    engineWith: ({ issuers, checkIssued }) =>
      createEngine({
        store,
        clock,
        random,
        keys: noKeys,
        prepare: async () => {},
        openIssuers: async () => issuers,
        checkIssued,
        deploymentFor: () => Promise.reject(new Error('a simulation has no servers')),
        previewOrder: () => Promise.reject(new Error('a simulation looks at no order beforehand')),
      }),
    databaseSize: () => statSync(path).size,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function memoryFolder(): string {
  try {
    return statSync('/dev/shm').isDirectory() ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Signatures cost more than all else would, and nobody checks these. */
const unsigned: CheckpointSigner = {
  name: 'everbind-simulation',
  publicKey: new Uint8Array(32),
  sign: () => new Uint8Array(64),
};

const noKey = (): Promise<never> => Promise.reject(new Error('a simulation signs nothing'));
const signer: Signer = { algorithm: 'ES256', publicKey: new Uint8Array(0), sign: noKey };
const keyStore: KeyStore = {
  provider: 'software',
  generate: async (name) => `software:${name}`,
  open: async () => signer,
  attach: noKey,
  destroy: async () => {},
};
const noKeys: KeyCustody = { ...keyStore, storeFor: () => keyStore, generate: async () => {} };
