import { createHash, createPublicKey, verify } from 'node:crypto';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';

/** A verifier key of C2SP signed-note: `name+hash+base64(0x01 || Ed25519 public key)`. */
export interface Verifier {
  readonly name: string;
  /** First four octets of SHA-256(name || 0x0A || 0x01 || public key). */
  readonly hash: Buffer;
  /** Ed25519, 32 octets. */
  readonly publicKey: Buffer;
  readonly verifies: (text: Uint8Array, signature: Uint8Array) => boolean;
}

const ED25519 = 1;
/** Octets. One of ours has about 200. */
const MOST_NOTE = 1_000_000;
const MOST_SIGNATURES = 100;

/** The identifier that signature lines carry. */
export function keyHash(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Uint8Array.of(ED25519))
    .update(publicKey)
    .digest()
    .subarray(0, 4);
}

/** The verifier key in its text form. */
export function verifierText(key: Pick<CheckpointSigner, 'name' | 'publicKey'>): string {
  const encoded = Buffer.concat([Uint8Array.of(ED25519), key.publicKey]).toString('base64');
  return `${key.name}+${keyHash(key.name, key.publicKey).toString('hex')}+${encoded}`;
}

/** Reads a verifier key. Throws AUDIT_KEY_INVALID. */
export function parseVerifier(text: string): Verifier {
  const match = /^([^+\p{White_Space}]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text);
  const [, name = '', hash = '', encoded = ''] = match ?? [];
  const key = Buffer.from(encoded, 'base64');
  if (match === null || key.toString('base64') !== encoded || key[0] !== ED25519 || key.length !== 33) {
    throw new EverbindError('AUDIT_KEY_INVALID', 'this is no Ed25519 verifier key of a signed note');
  }
  const verifier = createVerifier(name, key.subarray(1));
  if (verifier.hash.toString('hex') !== hash) {
    throw new EverbindError('AUDIT_KEY_INVALID', 'the key hash of the verifier key does not fit the key');
  }
  return verifier;
}

/** Verifies the notes of a signer. */
export function createVerifier(name: string, publicKey: Uint8Array): Verifier {
  // SubjectPublicKeyInfo of Ed25519 is a fixed prefix and the key (RFC 8410 section 4).
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return {
    name,
    hash: keyHash(name, publicKey),
    publicKey: Buffer.from(publicKey),
    verifies: (text, signature) => verify(null, text, key, signature),
  };
}

/** Signs a text, which must end in a newline (C2SP signed-note). */
export function signNote(text: string, signer: CheckpointSigner): string {
  if (!text.endsWith('\n')) throw new Error('the text of a note ends in a newline');
  const signature = Buffer.concat([hashOf(signer), signer.sign(Buffer.from(text))]);
  return `${text}\n\u2014 ${signer.name} ${signature.toString('base64')}\n`;
}

const hashes = new WeakMap<CheckpointSigner, Buffer>();

/** Worked out once for each signer, since it signs every commit. */
function hashOf(signer: CheckpointSigner): Buffer {
  const hash = hashes.get(signer) ?? keyHash(signer.name, signer.publicKey);
  hashes.set(signer, hash);
  return hash;
}

/**
 * The text of a note that this verifier signed; other signatures are ignored. Throws AUDIT_NOTE_MALFORMED when it is no
 * signed note, AUDIT_CHECKPOINT_FORGED when the verifier's signature is missing or wrong.
 */
export function openNote(source: string | Uint8Array, verifier: Verifier): string {
  const note = decode(source);
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(note)) throw malformed();
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) throw malformed();
  let verified = false;
  for (const line of lines) {
    const match = /^\u2014 ([^+\p{White_Space}]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
    const [, name = '', encoded = ''] = match ?? [];
    const blob = Buffer.from(encoded, 'base64');
    if (match === null || blob.toString('base64') !== encoded || blob.length < 5) throw malformed();
    if (name !== verifier.name || !blob.subarray(0, 4).equals(verifier.hash)) continue;
    if (!verifier.verifies(Buffer.from(text), blob.subarray(4))) throw forged();
    verified = true;
  }
  if (!verified) throw forged();
  return text;
}

function decode(source: string | Uint8Array): string {
  if (source.length > MOST_NOTE) throw malformed();
  if (typeof source === 'string') {
    if (!source.isWellFormed()) throw malformed();
    return source;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source);
  } catch {
    throw malformed();
  }
}

function malformed(): EverbindError {
  return new EverbindError('AUDIT_NOTE_MALFORMED', 'this is no signed note');
}

function forged(): EverbindError {
  return new EverbindError('AUDIT_CHECKPOINT_FORGED', 'the note is not signed by the key of this log');
}
