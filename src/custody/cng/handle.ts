import { EverbindError } from '../../errors/error.ts';
import type { HostKeyName } from '../../ports/host-keys.ts';
import type { KeyHandle } from '../../ports/key-store.ts';

/** What handles of keys in key storage providers begin with, a colon after it. */
export const CNG_SCHEME = 'cng';

/** The provider that every Windows has. */
export const SOFTWARE_KSP = 'Microsoft Software Key Storage Provider';

/** Windows does not tell names of providers apart by case. */
export function isSoftwareProvider(provider: string): boolean {
  return provider.toLowerCase() === SOFTWARE_KSP.toLowerCase();
}

/** The names of our keys in a provider begin with this, so that an administrator recognizes them (certutil -key). */
const CONTAINER_PREFIX = 'everbind-';

/**
 * The part of a handle before the last colon: `cng:` and the provider's name with %XX for what is no letter, digit,
 * `.`, `_` or `-`. So a handle has no blanks, is plain ASCII, and can be split in one way only.
 */
export function handlePrefix(provider: string): string {
  return `${CNG_SCHEME}:${encodeURIComponent(provider.toWellFormed()).replace(/[!'()*~]/g, hex)}`;
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Throws KEY_STORE_FAILED for what cannot name a key. */
export function keyHandle(provider: string, name: string): KeyHandle {
  // CNG does not say whether names that differ in case are different, so only lower case is used.
  if (/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) return `${handlePrefix(provider)}:${name}`;
  throw new EverbindError('KEY_STORE_FAILED', `${JSON.stringify(name)} cannot name a key`, { name });
}

/** Where the key of a handle is; the inverse of keyHandle. Throws KEY_NOT_FOUND for what keyHandle does not make. */
export function hostKeyName(handle: KeyHandle): HostKeyName {
  const colon = handle.lastIndexOf(':');
  const name = handle.slice(colon + 1);
  const provider = decoded(handle.slice(CNG_SCHEME.length + 1, Math.max(colon, CNG_SCHEME.length + 1)));
  if (provider === null || provider === '' || !isHandle(handle, provider, name)) {
    throw new EverbindError('KEY_NOT_FOUND', `there is no key ${handle}`, { handle });
  }
  return { provider, name: CONTAINER_PREFIX + name };
}

function isHandle(handle: KeyHandle, provider: string, name: string): boolean {
  try {
    return keyHandle(provider, name) === handle;
  } catch (error) {
    if (error instanceof EverbindError) return false;
    throw error;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
