import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';

export const ACCESS_DENIED = 5;
/** ERROR_OBJECT_NOT_FOUND: what IIS says of a site that it cannot run (HRESULT 0x800710D8). */
const OBJECT_NOT_FOUND = 4312;

/** A Win32 code, taken out of an HRESULT where there is one. */
export function win32Of(exitCode: number): number {
  return exitCode >>> 16 === 0x8007 ? exitCode & 0xffff : exitCode;
}

/** IIS_ACCESS_DENIED, IIS_SITE_CANNOT_START or IIS_APPCMD_FAILED. */
export function appcmdFailed(args: readonly string[], exitCode: number): EverbindError {
  const command = `appcmd ${args.join(' ')}`;
  const code = codes.get(win32Of(exitCode)) ?? 'IIS_APPCMD_FAILED';
  return new EverbindError(code, `${command} ended with ${exitCode}`, { command, exitCode });
}

const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [ACCESS_DENIED, 'IIS_ACCESS_DENIED'],
  [OBJECT_NOT_FOUND, 'IIS_SITE_CANNOT_START'],
]);
