import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName } from '../../ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { Semaphore } from '../../concurrency/semaphore.ts';
import { layouts } from '../ffi/layouts.ts';
import { handleRoom, mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { onThread } from '../ffi/on-thread.ts';
import { Structure, wide } from '../ffi/structure.ts';
import { STATUS } from '../status.ts';
import { MACHINE_KEY, SILENT, withProvider } from './key-handles.ts';
import { type OpenProvider, PERSIST, setTerms } from './key-terms.ts';
import { type AlgorithmName, privateBlob } from './private-blob.ts';

// ncrypt.h and bcrypt.h
const DO_NOT_FINALIZE = 0x400;
const PKCS8 = 'PKCS8_PRIVATEKEY';
const PRIVATE_KEY = 'PRIVATEBLOB';
const PKCS_KEY_NAME = 45;

const kinds: Readonly<
  Record<CertificateKeyAlgorithm, { readonly name: AlgorithmName; readonly length: number | null }>
> = {
  'ec-p256': { name: 'ECDSA_P256', length: null },
  'ec-p384': { name: 'ECDSA_P384', length: null },
  'rsa-2048': { name: 'RSA', length: 2048 },
  'rsa-3072': { name: 'RSA', length: 3072 },
  'rsa-4096': { name: 'RSA', length: 4096 },
};

/** Has a provider make a key of its own. Throws WindowsError, 0x8009000f when the name is taken. */
export function createKey(
  native: Native,
  threads: Semaphore,
  key: HostKeyName,
  algorithm: CertificateKeyAlgorithm,
): Promise<void> {
  const { name, length } = kinds[algorithm];
  return createWith(native, threads, key, name, length === null ? [] : [['Length', numberRoom(length), 0]]);
}

function createWith(
  native: Native,
  threads: Semaphore,
  key: HostKeyName,
  algorithm: AlgorithmName,
  properties: readonly Property[],
): Promise<void> {
  const { ncrypt } = native;
  const details = { provider: key.provider, algorithm };
  return withProvider(native, key, async (provider) => {
    const room = handleRoom();
    const status = ncrypt.NCryptCreatePersistedKey(provider, room, algorithm, key.name, 0, MACHINE_KEY);
    mustBeZero('NCryptCreatePersistedKey', status, details);
    await finish(
      native,
      threads,
      { name: key.provider, handle: provider },
      room.readBigUInt64LE(),
      properties,
      details,
    );
  });
}

/** With these statuses a provider says that it does not take a private key in this form. */
const formRefused: ReadonlySet<number> = new Set([
  STATUS.NTE_BAD_TYPE,
  STATUS.NTE_INVALID_PARAMETER,
  STATUS.NTE_NOT_SUPPORTED,
]);

/**
 * Gives a private key to a provider. `pkcs8` is what `privateKeyInfo` returned. Which forms providers take is not
 * documented for all: PKCS #8 first, then the key as a property of a new one. Throws WindowsError, 0x8009000f when the
 * name is taken.
 */
export async function importKey(native: Native, threads: Semaphore, key: HostKeyName, pkcs8: Buffer): Promise<void> {
  const refused = await unlessRefused(importPkcs8(native, threads, key, pkcs8));
  if (refused === null) return;
  const blob = privateBlob(pkcs8);
  try {
    for (const property of [PRIVATE_KEY, blob.property]) {
      const given = createWith(native, threads, key, blob.algorithm, [[property, blob.octets, PERSIST]]);
      if ((await unlessRefused(given)) === null) return;
    }
  } finally {
    blob.octets.fill(0);
  }
  throw refused;
}

/** The failure by which a provider refused the form of a key; null when it took it. */
async function unlessRefused(work: Promise<void>): Promise<WindowsError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof WindowsError && formRefused.has(error.status)) return error;
    throw error;
  }
}

function importPkcs8(native: Native, threads: Semaphore, key: HostKeyName, pkcs8: Buffer): Promise<void> {
  const { ncrypt, ffi } = native;
  const details = { provider: key.provider };
  return withProvider(native, key, async (provider) => {
    const name = wide(key.name);
    const buffer = new Structure(ffi, layouts.NCryptBuffer)
      .setUint32('cbBuffer', name.length)
      .setUint32('BufferType', PKCS_KEY_NAME)
      .point('pvBuffer', name);
    const parameters = new Structure(ffi, layouts.NCryptBufferDesc)
      .setUint32('cBuffers', 1)
      .point('pBuffers', buffer.octets);
    const room = handleRoom();
    const flags = MACHINE_KEY | SILENT | DO_NOT_FINALIZE;
    const status = ncrypt.NCryptImportKey(provider, 0n, PKCS8, parameters.octets, room, pkcs8, pkcs8.length, flags);
    mustBeZero('NCryptImportKey', status, details);
    await finish(native, threads, { name: key.provider, handle: provider }, room.readBigUInt64LE(), [], details);
  });
}

type Property = readonly [name: string, value: Buffer, flags: number];
type Details = Readonly<Record<string, string>>;

/**
 * Sets properties and terms of a new key, then finalizes it. Nothing is stored before that: to free the handle is
 * enough to drop the key.
 */
async function finish(
  native: Native,
  threads: Semaphore,
  provider: OpenProvider,
  handle: bigint,
  properties: readonly Property[],
  details: Details,
): Promise<void> {
  const { ncrypt } = native;
  try {
    for (const [property, value, flags] of properties) {
      const status = ncrypt.NCryptSetProperty(handle, property, value, value.length, flags);
      mustBeZero('NCryptSetProperty', status, { ...details, property });
    }
    setTerms(native, provider, handle);
    const finalized = await threads.run(() => onThread(ncrypt.NCryptFinalizeKey, [handle, SILENT]));
    mustBeZero('NCryptFinalizeKey', finalized, details);
  } finally {
    ncrypt.NCryptFreeObject(handle);
  }
}
