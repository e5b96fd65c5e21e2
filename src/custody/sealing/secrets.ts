import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Sealer } from './sealer.ts';

export interface SecretInfo {
  readonly name: string;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/**
 * Values that the configuration refers to as `secret:NAME`, sealed in the database. Changes are in the audit log, so
 * Store.signWith must have been called before.
 */
export interface Secrets {
  /** Sets or replaces; durable on return. Throws SECRET_INVALID. */
  setSecret(name: string, value: string): Promise<void>;
  /** Throws SECRET_NOT_FOUND, KEY_SEAL_BROKEN. */
  getSecret(name: string): Promise<string>;
  /** Returns whether there was one. */
  deleteSecret(name: string): Promise<boolean>;
  /** The value behind a reference of the configuration, `secret:NAME`. Throws SECRET_INVALID for anything else. */
  resolveSecret(reference: string): Promise<string>;
}

export interface SecretsOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const PREFIX = 'secret:';
const MAX_OCTETS = 65_536;

export function createSecrets({ store, sealer, clock }: SecretsOptions): Secrets {
  async function getSecret(name: string): Promise<string> {
    checkName(name);
    const row = store.read((db) => db.prepare('SELECT sealed FROM custody_secrets WHERE name = ?').get(name));
    if (row === undefined) {
      const command = `everbind secret set ${name}`;
      throw new EverbindError('SECRET_NOT_FOUND', `the secret ${name} is not set: ${command}`, { name, command });
    }
    const octets = await sealer.unseal({ purpose: 'secret', name }, row['sealed'] as Uint8Array);
    const value = octets.toString('utf8');
    octets.fill(0);
    return value;
  }

  return {
    getSecret,

    async setSecret(name, value) {
      checkName(name);
      const octets = Buffer.from(value, 'utf8');
      if (octets.length === 0) throw invalid(name, 'its value is empty');
      if (octets.length > MAX_OCTETS) throw invalid(name, `its value is longer than ${MAX_OCTETS} octets`);
      let sealed: Uint8Array;
      try {
        sealed = await sealer.seal({ purpose: 'secret', name }, octets);
      } finally {
        octets.fill(0);
      }
      await store.commit((tx) => {
        const now = clock.now();
        tx.db
          .prepare(
            `INSERT INTO custody_secrets (name, sealed, created_at, changed_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at`,
          )
          .run(name, sealed, now, now);
        tx.audit({ type: 'secret.set', subject: name, data: {} });
      });
    },

    async deleteSecret(name) {
      checkName(name);
      return store.commit((tx) => {
        tx.db.prepare('UPDATE custody_secrets SET sealed = zeroblob(length(sealed)) WHERE name = ?').run(name);
        const { changes } = tx.db.prepare('DELETE FROM custody_secrets WHERE name = ?').run(name);
        if (changes === 1) tx.audit({ type: 'secret.deleted', subject: name, data: {} });
        return changes === 1;
      });
    },

    async resolveSecret(reference) {
      // The text is not shown: it may be a secret where the reference should be.
      if (!reference.startsWith(PREFIX)) throw new EverbindError('SECRET_INVALID', 'this is no reference secret:NAME');
      return getSecret(reference.slice(PREFIX.length));
    },
  };
}

/** Secrets by name, without their values. The store may be open for reading only. */
export function listSecrets(store: Store): readonly SecretInfo[] {
  const rows = store.read((db) =>
    db.prepare('SELECT name, created_at, changed_at FROM custody_secrets ORDER BY name').all(),
  );
  return rows.map((row) => ({
    name: row['name'] as string,
    createdAt: row['created_at'] as number,
    changedAt: row['changed_at'] as number,
  }));
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new EverbindError('SECRET_INVALID', 'this cannot be the name of a secret');
}

function invalid(name: string, reason: string): EverbindError {
  return new EverbindError('SECRET_INVALID', `the secret ${name} cannot be set: ${reason}`, { name, reason });
}
