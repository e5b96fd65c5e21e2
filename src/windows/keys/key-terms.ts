import { WindowsError } from '../../errors/error.ts';
import { type Native, numberRoom } from '../ffi/native.ts';
import { securityDescriptor } from '../files/security-descriptor.ts';
import { STATUS } from '../status.ts';
import { SILENT, SOFTWARE_PROVIDER } from './key-handles.ts';

// ncrypt.h
export const PERSIST = 0x80000000;
const DACL_SECURITY_INFORMATION = 4;
const ALLOW_SIGNING = 2;
const EXPORT_NONE = 0;
const IMPLEMENTATION_HARDWARE = 1;
const IMPLEMENTATION_SOFTWARE = 2;

/**
 * Full access for SYSTEM, as which http.sys uses the key, and for administrators; nothing is inherited. Windows keeps
 * the rights that GA stands for, so what is read back is another text.
 */
const ACCESS = 'D:P(A;;GA;;;SY)(A;;GA;;;BA)';

/** With these statuses a device says that it does not know a term, or not in this form. */
const notKnown: ReadonlySet<number> = new Set([
  STATUS.NTE_BAD_FLAGS,
  STATUS.NTE_INVALID_PARAMETER,
  STATUS.NTE_NOT_SUPPORTED,
]);

/** An open provider. */
export interface OpenProvider {
  readonly name: string;
  readonly handle: bigint;
}

/**
 * Forbids the export of a key that is not finalized, all uses but signing, and its use by others than SYSTEM and
 * administrators. A provider in software must take all of it. A device has rules of its own, and what it does not know
 * of these terms is passed over: its own rules hold. Throws WindowsError.
 */
export function setTerms(native: Native, provider: OpenProvider, key: bigint): void {
  const binding = isSoftware(native, provider);
  const terms: readonly (readonly [property: string, value: Buffer, flags: number])[] = [
    ['Export Policy', numberRoom(EXPORT_NONE), 0],
    ['Key Usage', numberRoom(ALLOW_SIGNING), 0],
  ];
  for (const term of terms) setTerm(native, provider, key, term, binding);
  if (!binding && numberOf(native, provider, 'Security Descr Support') === 0) return;
  const access = securityDescriptor(native, ACCESS);
  setTerm(native, provider, key, ['Security Descr', access, DACL_SECURITY_INFORMATION], binding);
}

function setTerm(
  { ncrypt }: Native,
  provider: OpenProvider,
  key: bigint,
  [property, value, flags]: readonly [property: string, value: Buffer, flags: number],
  binding: boolean,
): void {
  const set = (persist: number): number =>
    ncrypt.NCryptSetProperty(key, property, value, value.length, (flags | persist) >>> 0);
  const status = set(PERSIST);
  // A device may keep whatever it is told, and refuse to be told so.
  const kept = status === STATUS.NTE_BAD_FLAGS && !binding ? set(0) : status;
  if (kept === 0 || (!binding && notKnown.has(kept))) return;
  throw new WindowsError('NCryptSetProperty', kept, { provider: provider.name, property });
}

/** The software provider of Windows, whatever it says, and others that say so. */
function isSoftware(native: Native, provider: OpenProvider): boolean {
  if (provider.name.toLowerCase() === SOFTWARE_PROVIDER.toLowerCase()) return true;
  const type = numberOf(native, provider, 'Impl Type') ?? 0;
  return (type & IMPLEMENTATION_SOFTWARE) !== 0 && (type & IMPLEMENTATION_HARDWARE) === 0;
}

/** A property of a provider that is a number; null when it does not tell. */
function numberOf({ ncrypt }: Native, { handle }: OpenProvider, property: string): number | null {
  const number = numberRoom();
  const status = ncrypt.NCryptGetProperty(handle, property, number, number.length, numberRoom(), SILENT);
  return status === 0 ? number.readUInt32LE() : null;
}
