import { execFile } from 'node:child_process';
import { WindowsError } from '../errors/error.ts';
import type { AppcmdResult } from '../ports/windows-host.ts';
import type { Native } from './ffi/native.ts';
import { STATUS } from './status.ts';

const TIMEOUT_MS = 120_000;
// The configuration of ten thousand sites has about ten megabytes.
const MAX_OUTPUT = 256 << 20;
const FACILITY_WIN32 = 0x80070000;

/**
 * Runs appcmd.exe, without a shell. Its exit status is data; an HRESULT that wraps a Win32 code is returned as that
 * code. Throws WindowsError when it cannot be started (2: it is not there), does not end in two minutes (1460) or
 * writes more than 256 MiB (234).
 */
export function runAppcmd(native: Native, args: readonly string[]): Promise<AppcmdResult> {
  const folder = `${native.ffi.systemFolder}\\inetsrv`;
  const program = `${folder}\\appcmd.exe`;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      // Not the folder in which we were started: others may be able to put a library there.
      { cwd: folder, encoding: 'buffer', timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, windowsHide: true },
      (error, stdout) => {
        if (error === null || typeof error.code === 'number') {
          resolve({ exitCode: exitCode(error?.code ?? 0), stdout: new Uint8Array(stdout) });
        } else {
          reject(new WindowsError('CreateProcessW', failure(error), { program }));
        }
      },
    );
  });
}

function exitCode(status: string | number): number {
  const code = Number(status) >>> 0;
  return (code & 0xffff0000) >>> 0 === FACILITY_WIN32 ? code & 0xffff : code;
}

function failure({
  code,
  killed,
}: {
  readonly code?: string | number | null | undefined;
  readonly killed?: boolean | undefined;
}): number {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return STATUS.MORE_DATA;
  if (killed === true) return STATUS.TIMEOUT;
  if (code === 'ENOENT') return STATUS.FILE_NOT_FOUND;
  return code === 'EACCES' || code === 'EPERM' ? STATUS.ACCESS_DENIED : STATUS.GEN_FAILURE;
}
