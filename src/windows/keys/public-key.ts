import { createPublicKey } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import { layouts } from '../ffi/layouts.ts';
import { mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { textUpToZero } from '../ffi/structure.ts';
import { STATUS } from '../status.ts';
import { SILENT } from './key-handles.ts';

const rsa = layouts.BCRYPT_RSAKEY_BLOB;
const ecc = layouts.BCRYPT_ECCKEY_BLOB;

// bcrypt.h. The second magic of a curve is that of an ECDH key, which a key may be that another program imported.
const RSA_PUBLIC_MAGIC = 0x31415352;
const curves = [
  { name: 'P-256', octets: 32, magics: [0x31534345, 0x314b4345] },
  { name: 'P-384', octets: 48, magics: [0x33534345, 0x334b4345] },
];

/** SubjectPublicKeyInfo (DER) of an open key. Throws WindowsError. */
export function exportPublicKey({ ncrypt }: Native, handle: bigint): Uint8Array {
  const group = Buffer.alloc(64);
  const found = ncrypt.NCryptGetProperty(handle, 'Algorithm Group', group, group.length, numberRoom(), SILENT);
  mustBeZero('NCryptGetProperty', found);
  const type = textUpToZero(group) === 'RSA' ? 'RSAPUBLICBLOB' : 'ECCPUBLICBLOB';
  const blob = Buffer.alloc(4096);
  const octets = numberRoom();
  mustBeZero('NCryptExportKey', ncrypt.NCryptExportKey(handle, 0n, type, null, blob, blob.length, octets, SILENT));
  return spkiOfBlob(blob.subarray(0, octets.readUInt32LE()));
}

/**
 * SubjectPublicKeyInfo (DER) of a BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB. Throws WindowsError 0x80090027 for
 * anything else.
 */
export function spkiOfBlob(blob: Buffer): Uint8Array {
  const key = createPublicKey({ key: jwkOfBlob(blob), format: 'jwk' });
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

function jwkOfBlob(blob: Buffer): Record<string, string> {
  const magic = blob.length < 4 ? 0 : blob.readUInt32LE(0);
  if (magic === RSA_PUBLIC_MAGIC && blob.length >= rsa.size) {
    const exponent = blob.readUInt32LE(rsa.fields.cbPublicExp);
    const modulus = blob.readUInt32LE(rsa.fields.cbModulus);
    const [e = '', n = ''] = parts(blob, rsa.size, [exponent, modulus]);
    return { kty: 'RSA', e, n };
  }
  const curve = curves.find(({ magics }) => magics.includes(magic));
  if (curve === undefined) throw new WindowsError('NCryptExportKey', STATUS.NTE_INVALID_PARAMETER, { magic });
  const [x = '', y = ''] = parts(blob, ecc.size, [curve.octets, curve.octets]);
  return { kty: 'EC', crv: curve.name, x, y };
}

function parts(blob: Buffer, start: number, lengths: readonly number[]): readonly string[] {
  let offset = start;
  return lengths.map((length) => {
    if (offset + length > blob.length) throw new WindowsError('NCryptExportKey', STATUS.NTE_INVALID_PARAMETER);
    offset += length;
    return blob.toString('base64url', offset - length, offset);
  });
}
