import { execFile } from 'node:child_process';

/** Programs of System32, with argument lists; never a shell. */
export interface Tools {
  /** `C:\\Windows\\System32`. */
  readonly folder: string;
  /**
   * Runs `name.exe`, or a path below the folder. Does not throw: an exit status of null means that it did not run or
   * end.
   */
  run(program: string, args: readonly string[]): Promise<ToolEnd>;
}

export interface ToolEnd {
  readonly status: number | null;
  readonly stdout: Buffer;
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 << 20;

export function systemTools(folder: string): Tools {
  return {
    folder,
    run: (program, args) =>
      new Promise((resolve) => {
        execFile(
          `${folder}\\${program}.exe`,
          args,
          { cwd: folder, encoding: 'buffer', timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, windowsHide: true },
          (error, stdout) => {
            if (error === null) resolve({ status: 0, stdout });
            else resolve({ status: typeof error.code === 'number' ? error.code >>> 0 : null, stdout });
          },
        );
      }),
  };
}
