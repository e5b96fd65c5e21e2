import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';

/** What a sealed value is: it opens under no other purpose and no other name. */
export interface SealContext {
  readonly purpose: 'key' | 'secret' | 'check';
  readonly name: string;
}

// Envelope, version 1: 0x01, nonce (12 octets), ciphertext, tag (16 octets); AES-256-GCM (NIST SP 800-38D). Nonces are
// random: one master key may seal 2^32 values (section 8.3), which no machine comes near.
const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/** Seals under the master key. */
export function seal(master: KeyObject, context: SealContext, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', master, nonce, { authTagLength: TAG });
  cipher.setAAD(additionalData(VERSION, context));
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens what `seal` made with the same master key and context; the caller overwrites the result after use. Throws
 * KEY_SEAL_BROKEN.
 */
export function unseal(master: KeyObject, context: SealContext, sealed: Uint8Array): Buffer {
  const version = sealed[0] ?? 0;
  if (version !== VERSION || sealed.length < 1 + NONCE + TAG) throw broken(context, 'its envelope is not known');
  const decipher = createDecipheriv('aes-256-gcm', master, sealed.subarray(1, 1 + NONCE), { authTagLength: TAG });
  decipher.setAAD(additionalData(version, context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plaintext = decipher.update(sealed.subarray(1 + NONCE, sealed.length - TAG));
  try {
    decipher.final();
  } catch (error) {
    plaintext.fill(0);
    throw broken(context, 'it does not open', error);
  }
  return plaintext;
}

/** Unambiguous: JSON quotes the parts. */
function additionalData(version: number, { purpose, name }: SealContext): Buffer {
  return Buffer.from(JSON.stringify(['everbind-seal', version, purpose, name]));
}

function broken({ purpose, name }: SealContext, reason: string, cause?: unknown): EverbindError {
  const message = `the sealed ${purpose} ${JSON.stringify(name)} cannot be opened: ${reason}`;
  return new EverbindError('KEY_SEAL_BROKEN', message, { purpose, name, reason }, { cause });
}
