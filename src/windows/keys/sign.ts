import { createPublicKey, hash } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { Semaphore } from '../../concurrency/semaphore.ts';
import type { HostSignature } from '../../ports/host-keys.ts';
import { layouts } from '../ffi/layouts.ts';
import { mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { onThread } from '../ffi/on-thread.ts';
import { Structure } from '../ffi/structure.ts';
import { STATUS } from '../status.ts';
import { SILENT } from './key-handles.ts';
import { kindOf } from './private-key.ts';
import { exportPublicKey } from './public-key.ts';

// bcrypt.h
const PAD_PKCS1 = 2;
const PAD_PSS = 8;
/** As long as the hash (RFC 8446 section 4.2.3). */
const SALT_OCTETS = 32;

const MAX_SIGNATURE = 1024;

/** Has an open key sign the hash of `data`. Throws WindowsError, 0x80090027 when the algorithm is not the key's. */
export async function signWith(
  native: Native,
  threads: Semaphore,
  handle: bigint,
  algorithm: HostSignature,
  data: Uint8Array,
): Promise<Uint8Array> {
  const { ncrypt } = native;
  if (algorithmOf(exportPublicKey(native, handle)) !== (algorithm === 'PS256' ? 'RS256' : algorithm)) {
    throw new WindowsError('NCryptSignHash', STATUS.NTE_INVALID_PARAMETER, { algorithm });
  }
  const digest = hash(algorithm === 'ES384' ? 'sha384' : 'sha256', data, 'buffer');
  const { padding, scheme } = paddingOf(native, algorithm);
  const [signature, octets] = [Buffer.alloc(MAX_SIGNATURE), numberRoom()];
  const flags = SILENT | scheme;
  const status = await threads.run(() =>
    onThread(ncrypt.NCryptSignHash, [
      handle,
      padding,
      digest,
      digest.length,
      signature,
      signature.length,
      octets,
      flags,
    ]),
  );
  mustBeZero('NCryptSignHash', status, { algorithm });
  return new Uint8Array(signature.subarray(0, octets.readUInt32LE()));
}

function paddingOf(
  { ffi }: Native,
  algorithm: HostSignature,
): { readonly padding: Buffer | null; readonly scheme: number } {
  if (algorithm === 'RS256') {
    const pkcs1 = new Structure(ffi, layouts.BCRYPT_PKCS1_PADDING_INFO).pointToText('pszAlgId', 'SHA256');
    return { padding: pkcs1.octets, scheme: PAD_PKCS1 };
  }
  if (algorithm !== 'PS256') return { padding: null, scheme: 0 };
  const pss = new Structure(ffi, layouts.BCRYPT_PSS_PADDING_INFO)
    .pointToText('pszAlgId', 'SHA256')
    .setUint32('cbSalt', SALT_OCTETS);
  return { padding: pss.octets, scheme: PAD_PSS };
}

function algorithmOf(spki: Uint8Array): HostSignature | null {
  switch (kindOf(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }))) {
    case 'ec-p256':
      return 'ES256';
    case 'ec-p384':
      return 'ES384';
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return 'RS256';
    case null:
      return null;
  }
}
