import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';

const ATTEMPTS = 4;
const PAUSE_MS = 250;

/**
 * Exit codes after which the same command may succeed: another writer has the file open (32, 33), or changed it since
 * this appcmd read it (1006, ERROR_FILE_INVALID). Microsoft documents that appcmd exits with Win32 codes, but not which
 * one a lost race has.
 */
const passing: ReadonlySet<number> = new Set([32, 33, 1006]);
const ACCESS_DENIED = 5;

/** Runs appcmd commands that change something. */
export interface AppcmdChanges {
  /** Tries again when the configuration changed underneath. Throws IIS_APPCMD_FAILED, IIS_ACCESS_DENIED. */
  run(args: readonly string[]): Promise<void>;
}

/**
 * With `backUp` the configuration is backed up before the first command (appcmd add backup). When that fails, nothing
 * is changed.
 */
export function createAppcmdChanges(
  host: Pick<WindowsHost, 'appcmd'>,
  clock: Clock,
  { backUp }: { readonly backUp: boolean },
): AppcmdChanges {
  let backedUp: Promise<void> | null = null;
  return {
    run: async (args) => {
      backedUp ??= backUp ? addBackup(host, clock) : Promise.resolve();
      await backedUp;
      await runPatiently(host, clock, args);
    },
  };
}

async function runPatiently(host: Pick<WindowsHost, 'appcmd'>, clock: Clock, args: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const status = win32Of((await host.appcmd(args)).exitCode);
    if (status === 0) return;
    if (attempt === ATTEMPTS || !passing.has(status)) throw failed(args, status);
    await clock.sleep(PAUSE_MS * attempt);
  }
}

/** A Win32 code, taken out of an HRESULT where there is one. */
function win32Of(exitCode: number): number {
  return exitCode >>> 16 === 0x8007 ? exitCode & 0xffff : exitCode;
}

function failed(args: readonly string[], exitCode: number): EverbindError {
  const command = `appcmd ${args.join(' ')}`;
  const code = exitCode === ACCESS_DENIED ? 'IIS_ACCESS_DENIED' : 'IIS_APPCMD_FAILED';
  return new EverbindError(code, `${command} ended with ${exitCode}`, { command, exitCode });
}

/** Only our own backups are removed, never those of an administrator. */
const BACKUP_NAMES = /"(Everbind \d{4}-\d{2}-\d{2} \d{6})"/g;
const MOST_BACKUPS = 10;
const ALREADY_EXISTS = 183;

async function addBackup(host: Pick<WindowsHost, 'appcmd'>, clock: Clock): Promise<void> {
  const digits = new Date(clock.now()).toISOString();
  const name = `Everbind ${digits.slice(0, 10)} ${digits.slice(11, 19).replaceAll(':', '')}`;
  const args = ['add', 'backup', name];
  const { exitCode } = await host.appcmd(args);
  // Another process made one in the same second: that backup is as good.
  if (exitCode !== 0 && win32Of(exitCode) !== ALREADY_EXISTS) throw failed(args, win32Of(exitCode));
  await removeOldBackups(host);
}

/** Errors here are no reason to change nothing: what cannot be listed or removed is kept. */
async function removeOldBackups(host: Pick<WindowsHost, 'appcmd'>): Promise<void> {
  const { exitCode, stdout } = await host.appcmd(['list', 'backup', '/xml']);
  if (exitCode !== 0) return;
  const ours = [...Buffer.from(stdout).toString('latin1').matchAll(BACKUP_NAMES)].map(([, name]) => name ?? '').sort();
  for (const name of ours.slice(0, -MOST_BACKUPS)) await host.appcmd(['delete', 'backup', name]);
}
