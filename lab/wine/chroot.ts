import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, debianMirror } from '../debian-package.ts';
import { ensurePrograms } from '../debian-programs.ts';
import { mustRun } from '../run-command.ts';
import { withLock } from '../machine-lock.ts';
import { fetchWindowsPackages, lockedWindowsPackages } from './windows-programs.ts';

// Debian 12 has Wine 8, where Node 24 and later abort; Debian 13 has Wine 10.
const SUITE = 'trixie';
const PACKAGES = ['wine', 'wine64', 'gcc-mingw-w64-x86-64', 'gcc', 'libc6-dev', 'ca-certificates'];
const HOSTS = '127.0.0.1 localhost\n::1 localhost\n';
/** Changes with the recipe below, so that an older lab is made anew. */
const RECIPE = 1;

/** Paths inside. */
export const WINE = '/usr/lib/wine/wine64';
export const WINESERVER = '/usr/lib/wine/wineserver64';
export const WINDOWS_FOLDER = '/opt/windows';
export const TEMPLATE = '/opt/template';

const ENVIRONMENT = {
  HOME: '/root',
  PATH: '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  WINEDEBUG: '-all',
  XDG_RUNTIME_DIR: '/tmp',
} as const;

/**
 * The folder of a Debian system with Wine, a cross compiler, node.exe and koffi. It is made when it is not there, which
 * takes about two minutes and needs root. It is made beside its place and renamed, so that the cache never holds half
 * of one, and it is named after the recipe, so that another checkout that works at the same time keeps its own.
 */
export async function ensureChroot(say: (line: string) => void): Promise<string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'the Wine lab needs root on Debian: it makes a Debian system of its own (debootstrap) and enters it (chroot)',
    );
  }
  await mkdir(cacheRoot, { recursive: true });
  const locked = JSON.stringify([...(await lockedWindowsPackages())]);
  const stamp = createHash('sha256')
    .update(JSON.stringify([RECIPE, SUITE, PACKAGES, locked]))
    .digest('hex');
  const folder = join(cacheRoot, `wine-${stamp.slice(0, 16)}`);
  const root = join(folder, 'root');
  if (existsSync(folder)) return root;
  return withLock(folder, async () => {
    if (existsSync(folder)) return root;
    await ensurePrograms({ debootstrap: 'debootstrap', unshare: 'util-linux' });
    const work = await mkdtemp(join(cacheRoot, '.wine-'));
    try {
      await make(join(work, 'root'), say);
      await rename(work, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return root;
  });
}

async function make(root: string, say: (line: string) => void): Promise<void> {
  say(`Debian ${SUITE} …`);
  await mustRun('debootstrap', ['--variant=minbase', SUITE, root, await debianMirror()]);
  await writeFile(join(root, 'etc', 'hosts'), HOSTS);
  if (existsSync('/etc/resolv.conf'))
    await writeFile(join(root, 'etc', 'resolv.conf'), await readFile('/etc/resolv.conf'));
  say('Wine and the cross compiler …');
  const installing = { DEBIAN_FRONTEND: 'noninteractive', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  await runInside(
    root,
    ['/usr/bin/apt-get', '-q', '-y', 'install', '--no-install-recommends', ...PACKAGES],
    installing,
  );
  say('node.exe and koffi …');
  await fetchWindowsPackages(join(root, WINDOWS_FOLDER));
  say('an empty Wine prefix …');
  await runInside(root, [WINE, 'wineboot', '-i'], { WINEPREFIX: TEMPLATE });
  await runInside(root, [WINESERVER, '-w'], { WINEPREFIX: TEMPLATE });
}

/** The command line that runs a program inside: its own mount namespace, so that /proc there goes with it. */
export function insideCommand(
  root: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly file: string; readonly args: readonly string[] } {
  const variables = Object.entries({ ...ENVIRONMENT, ...env }).map(([name, value]) => `${name}=${value}`);
  return {
    file: 'unshare',
    args: [`--mount-proc=${join(root, 'proc')}`, 'chroot', root, '/usr/bin/env', '-i', ...variables, ...argv],
  };
}

/** Runs a program inside to its end. Rejects with the end of its output when it fails. */
export async function runInside(
  root: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { file, args } = insideCommand(root, argv, env);
  const last: string[] = [];
  const status = await new Promise<number>((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '' } });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        last.push(text);
        if (last.length > 50) last.shift();
      });
    }
    child.on('error', reject);
    child.on('exit', (code) => {
      // Wine's services live on for a while and keep the other ends open.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(code ?? 128);
    });
  });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status} in the lab: ${last.join('').slice(-2000)}`);
}
