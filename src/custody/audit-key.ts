import { createHash, createPublicKey, sign } from 'node:crypto';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import type { Store } from '../store/store.ts';
import { createSoftwareKeyStore, type SoftwareKeyStoreOptions } from './software/store.ts';

const AUDIT_KEY = 'audit';
const AUDIT_HANDLE = 'software:audit';

/**
 * The signer of the audit log's checkpoints, for Store.signWith: a sealed Ed25519 key, made at the first use. The log
 * is named after it: `everbind/` and the beginning of the SHA-256 of the public key. Throws KEY_NOT_FOUND when the log
 * has entries and its key is gone: with a new key the old entries would look forged.
 */
export async function createAuditKey(options: SoftwareKeyStoreOptions): Promise<CheckpointSigner> {
  const keys = createSoftwareKeyStore(options);
  const key = await keys.privateKey(AUDIT_HANDLE).catch(async (error: unknown) => {
    const absent = error instanceof EverbindError && error.code === 'KEY_NOT_FOUND';
    if (!absent || hasEntries(options.store)) throw error;
    return keys.privateKey(await keys.generate(AUDIT_KEY, 'ed25519'));
  });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Buffer.from(x, 'base64url');
  const name = `everbind/${createHash('sha256').update(publicKey).digest('hex').slice(0, 16)}`;
  return { name, publicKey, sign: (data) => sign(null, data, key) };
}

function hasEntries(store: Store): boolean {
  return store.read((db) => db.prepare('SELECT 1 FROM audit_event LIMIT 1').get()) !== undefined;
}
