import type { Machine } from '../../../src/selftest/result-file.ts';
import { handleRoom, type Native, numberRoom } from '../../../src/windows/ffi/native.ts';
import { textUpToZero } from '../../../src/windows/ffi/structure.ts';
import { PROVIDERS } from '../own-names.ts';

/**
 * What the provider of the TPM says of it: NCRYPT_PCP_PLATFORM_TYPE_PROPERTY, a text such as
 * `TPM-Version:2.0 -Level:0-Revision:1.38-VendorID:'MSFT'-Firmware:…`. Whether there is one shows in whether it says
 * that.
 */
export function tpmFacts({ ncrypt }: Native): NonNullable<Machine['tpm']> {
  const none = { present: false, version: null, manufacturer: null, firmware: null };
  const room = handleRoom();
  if (ncrypt.NCryptOpenStorageProvider(room, PROVIDERS.platform, 0) !== 0) return none;
  const provider = room.readBigUInt64LE();
  try {
    const value = Buffer.alloc(1024);
    const status = ncrypt.NCryptGetProperty(provider, 'PCP_PLATFORM_TYPE', value, value.length, numberRoom(), 0);
    if (status !== 0) return none;
    const text = textUpToZero(value);
    const part = (pattern: RegExp): string | null => pattern.exec(text)?.[1] ?? null;
    return {
      present: true,
      version: part(/TPM-Version:\s*([\d.]{1,10})/),
      manufacturer: part(/VendorID:\s*'([\w ]{1,8})'/),
      firmware: part(/Firmware:\s*([\w.:-]{1,40})/),
    };
  } finally {
    ncrypt.NCryptFreeObject(provider);
  }
}
