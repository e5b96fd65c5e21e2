import type { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { ACCESS_DENIED, appcmdFailed, win32Of } from './appcmd-status.ts';

const ATTEMPTS = 4;
const PAUSE_MS = 250;

/**
 * Exit codes after which the same command may succeed: another writer has the file open (32, 33), or changed it since
 * this appcmd read it (1006, ERROR_FILE_INVALID). Microsoft documents that appcmd exits with Win32 codes, but not which
 * one a lost race has.
 */
const passing: ReadonlySet<number> = new Set([32, 33, 1006]);

/** The arguments of one command. */
export type AppcmdCommand = readonly string[];

/** Runs appcmd commands that change something. */
export interface AppcmdChanges {
  /**
   * Makes one change. `forms` are commands that mean the same, the best documented one first: the next one is run when
   * `took`, which reads back, says that the change is not there. Which exit code a command has is documented for few,
   * so what is read back decides; a command that ends with an error and did what it should is done. Tries again when
   * the configuration changed underneath. Returns false when every command reported success and the change is not
   * there. `before` runs right before each command, after the backup, and throws where it is not to be run any more.
   * Throws IIS_APPCMD_FAILED, IIS_ACCESS_DENIED when one failed.
   */
  make(forms: readonly AppcmdCommand[], took: () => Promise<boolean>, before?: () => Promise<void>): Promise<boolean>;
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
    make: async (forms, took, before = async () => {}) => {
      backedUp ??= backUp ? addBackup(host, clock) : Promise.resolve();
      await backedUp;
      let failure: EverbindError | null = null;
      for (const args of forms) {
        const status = await runPatiently(host, clock, args, before);
        if (await took()) return true;
        if (status !== 0) failure ??= appcmdFailed(args, status);
        if (status === ACCESS_DENIED || passing.has(status)) break;
      }
      if (failure !== null) throw failure;
      return false;
    },
  };
}

/** The last exit status. */
async function runPatiently(
  host: Pick<WindowsHost, 'appcmd'>,
  clock: Clock,
  args: AppcmdCommand,
  before: () => Promise<void>,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    await before();
    const status = win32Of((await host.appcmd(args)).exitCode);
    if (attempt === ATTEMPTS || !passing.has(status)) return status;
    await clock.sleep(PAUSE_MS * attempt);
  }
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
  if (exitCode !== 0 && win32Of(exitCode) !== ALREADY_EXISTS) throw appcmdFailed(args, win32Of(exitCode));
  await removeOldBackups(host);
}

/** Errors here are no reason to change nothing: what cannot be listed or removed is kept. */
async function removeOldBackups(host: Pick<WindowsHost, 'appcmd'>): Promise<void> {
  const { exitCode, stdout } = await host.appcmd(['list', 'backup', '/xml']);
  if (exitCode !== 0) return;
  const ours = [...Buffer.from(stdout).toString('latin1').matchAll(BACKUP_NAMES)].map(([, name]) => name ?? '').sort();
  for (const name of ours.slice(0, -MOST_BACKUPS)) await host.appcmd(['delete', 'backup', name]);
}
