import type { HostKeyName } from '../../../src/ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../../src/ports/key-store.ts';
import type { ProviderFacts } from '../../../src/selftest/result-file.ts';
import { layouts } from '../../../src/windows/ffi/layouts.ts';
import { handleRoom, type Native, numberRoom } from '../../../src/windows/ffi/native.ts';
import { onThread } from '../../../src/windows/ffi/on-thread.ts';
import { Structure } from '../../../src/windows/ffi/structure.ts';
import { securityDescriptor } from '../../../src/windows/files/security-descriptor.ts';
import { MACHINE_KEY, SILENT } from '../../../src/windows/keys/key-handles.ts';
import { PERSIST } from '../../../src/windows/keys/key-terms.ts';
import { type Asking, nativeOf } from '../asking.ts';

// ncrypt.h and bcrypt.h
const DACL_SECURITY_INFORMATION = 4;
const PAD_PKCS1 = 2;
const PAD_PSS = 8;
const SALT = 32;
const ACCESS = 'D:P(A;;GA;;;SY)(A;;GA;;;BA)';

const kinds: Readonly<Record<CertificateKeyAlgorithm, readonly [name: string, bits: number | null]>> = {
  'ec-p256': ['ECDSA_P256', null],
  'ec-p384': ['ECDSA_P384', null],
  'rsa-2048': ['RSA', 2048],
  'rsa-3072': ['RSA', 3072],
  'rsa-4096': ['RSA', 4096],
};

type AlgorithmFacts = ProviderFacts['algorithms'][number];

/** Opens a provider for the time of `work`; its status when it cannot be opened. */
export async function withProviderHandle<T>(
  asking: Asking,
  provider: string,
  work: (handle: bigint) => Promise<T>,
): Promise<T | number> {
  const { ncrypt } = nativeOf(asking);
  const room = handleRoom();
  const status = await asking.call('NCryptOpenStorageProvider', () =>
    ncrypt.NCryptOpenStorageProvider(room, provider, 0),
  );
  if (status !== 0) return status;
  const handle = room.readBigUInt64LE();
  try {
    return await work(handle);
  } finally {
    ncrypt.NCryptFreeObject(handle);
  }
}

/**
 * Makes a key call by call, each with its status, whatever the others returned; signs with it in both paddings; deletes
 * it.
 */
export async function makeKeyByCalls(
  asking: Asking,
  provider: bigint,
  key: HostKeyName,
  algorithm: CertificateKeyAlgorithm,
): Promise<AlgorithmFacts> {
  const native = nativeOf(asking);
  const { ncrypt } = native;
  const [name, bits] = kinds[algorithm];
  const perProperty: Record<string, number> = {};
  const facts = { algorithm, createMs: null, perProperty, signPkcs1: null, signPssSalt32: null };
  const room = handleRoom();
  const began = performance.now();
  const created = await asking.call(`NCryptCreatePersistedKey ${algorithm}`, () =>
    ncrypt.NCryptCreatePersistedKey(provider, room, name, key.name, 0, MACHINE_KEY),
  );
  if (created !== 0) return { ...facts, status: created };
  const handle = room.readBigUInt64LE();
  let deleted = false;
  try {
    const set = async (property: string, value: Buffer, flags: number): Promise<void> => {
      perProperty[property] = await asking.call(`NCryptSetProperty ${property}`, () =>
        ncrypt.NCryptSetProperty(handle, property, value, value.length, flags),
      );
    };
    if (bits !== null) await set('Length', numberRoom(bits), 0);
    await set('Export Policy', numberRoom(0), PERSIST);
    await set('Key Usage', numberRoom(2), PERSIST);
    await set('Security Descr', securityDescriptor(native, ACCESS), DACL_SECURITY_INFORMATION | PERSIST);
    const finalized = await asking.call('NCryptFinalizeKey', () =>
      onThread(ncrypt.NCryptFinalizeKey, [handle, SILENT]),
    );
    const createMs = Math.round(performance.now() - began);
    const refused = Object.values(perProperty).find((status) => status !== 0) ?? 0;
    if (finalized !== 0) return { ...facts, createMs, status: finalized };
    const rsa = bits !== null;
    const signPkcs1 = rsa ? await sign(asking, native, handle, 'pkcs1') : null;
    const signPssSalt32 = rsa ? await sign(asking, native, handle, 'pss') : null;
    deleted = (await asking.call('NCryptDeleteKey', () => ncrypt.NCryptDeleteKey(handle, SILENT))) === 0;
    return { ...facts, createMs, status: refused, signPkcs1, signPssSalt32 };
  } finally {
    if (!deleted) ncrypt.NCryptFreeObject(handle);
  }
}

/** The status of NCryptSignHash with an RSA key and SHA-256. */
export function sign(asking: Asking, native: Native, handle: bigint, padding: 'pkcs1' | 'pss'): Promise<number> {
  const { ffi, ncrypt } = native;
  const info =
    padding === 'pkcs1'
      ? new Structure(ffi, layouts.BCRYPT_PKCS1_PADDING_INFO).pointToText('pszAlgId', 'SHA256')
      : new Structure(ffi, layouts.BCRYPT_PSS_PADDING_INFO).pointToText('pszAlgId', 'SHA256').setUint32('cbSalt', SALT);
  const [digest, signature, octets] = [Buffer.alloc(32, 7), Buffer.alloc(1024), numberRoom()];
  const flags = SILENT | (padding === 'pkcs1' ? PAD_PKCS1 : PAD_PSS);
  return asking.call(`NCryptSignHash ${padding}`, () =>
    onThread(ncrypt.NCryptSignHash, [
      handle,
      info.octets,
      digest,
      digest.length,
      signature,
      signature.length,
      octets,
      flags,
    ]),
  );
}

/** Opens a key for the time of `work`; its status when it cannot be opened. */
export async function withKeyHandle<T>(
  asking: Asking,
  provider: bigint,
  key: HostKeyName,
  work: (handle: bigint) => Promise<T>,
): Promise<T | number> {
  const { ncrypt } = nativeOf(asking);
  const room = handleRoom();
  const status = await asking.call('NCryptOpenKey', () =>
    ncrypt.NCryptOpenKey(provider, room, key.name, 0, MACHINE_KEY | SILENT),
  );
  if (status !== 0) return status;
  const handle = room.readBigUInt64LE();
  try {
    return await work(handle);
  } finally {
    ncrypt.NCryptFreeObject(handle);
  }
}

/** The access list of a key in the security descriptor definition language, or the status. */
export async function accessListOf(asking: Asking, key: bigint): Promise<string | number> {
  const native = nativeOf(asking);
  const [descriptor, octets] = [Buffer.alloc(4096), numberRoom()];
  const status = await asking.call('NCryptGetProperty Security Descr', () =>
    native.ncrypt.NCryptGetProperty(
      key,
      'Security Descr',
      descriptor,
      descriptor.length,
      octets,
      SILENT | DACL_SECURITY_INFORMATION,
    ),
  );
  if (status !== 0) return status;
  const text = handleRoom();
  const done = native.advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(
    native.ffi.addressOf(descriptor),
    1,
    DACL_SECURITY_INFORMATION,
    text,
    null,
  );
  if (done === 0) return native.lastError('ConvertSecurityDescriptorToStringSecurityDescriptorW').status;
  const address = text.readBigUInt64LE();
  try {
    return native.copyText(address);
  } finally {
    native.kernel32.LocalFree(address);
  }
}

/** Sets an RSA private key as a property of a new key, and finalizes it; the statuses. */
export async function importByProperty(
  asking: Asking,
  provider: bigint,
  key: HostKeyName,
  property: 'PRIVATEBLOB' | 'RSAFULLPRIVATEBLOB',
  octets: Buffer,
): Promise<{ readonly set: number; readonly finalize: number | null; readonly pkcs1: number | null }> {
  const native = nativeOf(asking);
  const { ncrypt } = native;
  const room = handleRoom();
  const created = await asking.call('NCryptCreatePersistedKey rsa', () =>
    ncrypt.NCryptCreatePersistedKey(provider, room, 'RSA', key.name, 0, MACHINE_KEY),
  );
  if (created !== 0) return { set: created, finalize: null, pkcs1: null };
  const handle = room.readBigUInt64LE();
  let deleted = false;
  try {
    const set = await asking.call(`NCryptSetProperty ${property}`, () =>
      ncrypt.NCryptSetProperty(handle, property, octets, octets.length, 0),
    );
    if (set !== 0) return { set, finalize: null, pkcs1: null };
    const finalize = await asking.call('NCryptFinalizeKey', () => ncrypt.NCryptFinalizeKey(handle, SILENT));
    const pkcs1 = finalize === 0 ? await sign(asking, native, handle, 'pkcs1') : null;
    if (finalize === 0) {
      deleted = (await asking.call('NCryptDeleteKey', () => ncrypt.NCryptDeleteKey(handle, SILENT))) === 0;
    }
    return { set, finalize, pkcs1 };
  } finally {
    if (!deleted) ncrypt.NCryptFreeObject(handle);
  }
}

/** Whether a private key comes out; the status of the attempt. */
export function exportStatus(asking: Asking, handle: bigint): Promise<number> {
  const { ncrypt } = nativeOf(asking);
  return asking.call('NCryptExportKey RSAFULLPRIVATEBLOB', () =>
    ncrypt.NCryptExportKey(handle, 0n, 'RSAFULLPRIVATEBLOB', null, null, 0, numberRoom(), SILENT),
  );
}

/** BCRYPT_RSAKEY_BLOB with what follows it, from a private key in JWK form (RFC 7518 section 6.3.2). */
export function rsaBlob(jwk: Readonly<Record<string, unknown>>, full: boolean): Buffer {
  const part = (name: string, length?: number): Buffer => {
    const octets = Buffer.from(String(jwk[name]), 'base64url');
    return length === undefined ? octets : Buffer.concat([Buffer.alloc(length - octets.length), octets]);
  };
  const [modulus, exponent] = [part('n'), part('e')];
  const [whole, half] = [modulus.length, modulus.length / 2];
  const header = Buffer.alloc(24);
  header.writeUInt32LE(full ? 0x33415352 : 0x32415352, 0);
  for (const [index, value] of [whole * 8, exponent.length, whole, half, half].entries()) {
    header.writeUInt32LE(value, 4 + index * 4);
  }
  const primes = [part('p', half), part('q', half)];
  const rest = full ? [part('dp', half), part('dq', half), part('qi', half), part('d', whole)] : [];
  return Buffer.concat([header, exponent, modulus, ...primes, ...rest]);
}
