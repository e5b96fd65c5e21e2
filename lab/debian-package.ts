import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './run-command.ts';

/** What the lab keeps between runs. */
export const cacheRoot = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'everbind-lab');

/**
 * Unpacks a Debian package from the unstable suite without installing it and returns the folder. The stable suites
 * carry versions of Pebble that lack ARI and profiles; its binary needs nothing else from unstable. apt checks the
 * archive's signature. The mirror is the one this machine already uses. Cached below the user's cache folder.
 */
export function unpackFromUnstable(name: string): Promise<string> {
  return unpack(name, async (work) => {
    await writeFile(join(work, 'sources.list'), `deb ${await debianMirror()} sid main\n`);
    const options = [
      ...aptOptions(work),
      '-o',
      `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
      '-o',
      'Dir::Etc::sourceparts=/dev/null',
    ];
    await mustRun('apt-get', [...options, '-q', 'update']);
    await mustRun('apt-get', [...options, '-q', 'download', name], { cwd: work });
  });
}

/**
 * Unpacks packages of the machine's own suite with all that they need and the machine lacks, without installing them:
 * nothing of them is configured, and no service starts. Programs in the returned folder run with `programEnvironment`.
 * Cached below the user's cache folder.
 */
export function unpackWithLibraries(folder: string, packages: readonly string[]): Promise<string> {
  return unpack(folder, async (work) => {
    const options = aptOptions(work);
    await mustRun('apt-get', [...options, '-q', 'update']);
    const plan = await mustRun('apt-get', [...options, '-s', '--no-install-recommends', 'install', ...packages]);
    const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
    await mustRun('apt-get', [...options, '-q', 'download', ...new Set([...names, ...packages])], { cwd: work });
  });
}

/** An environment in which programs of such a folder find their libraries. */
export function programEnvironment(root: string): NodeJS.ProcessEnv {
  const folders = ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(root, folder);
    const inside = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('-linux-gnu')) : [];
    return inside.map((name) => join(path, name));
  });
  return { PATH: process.env['PATH'], LD_LIBRARY_PATH: folders.join(':') };
}

/** State of apt in `work`, so that the machine's own is neither needed nor changed. */
function aptOptions(work: string): readonly string[] {
  return [
    '-o',
    `Dir::State::lists=${join(work, 'lists')}`,
    '-o',
    `Dir::Cache=${join(work, 'cache')}`,
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    'Acquire::Retries=3',
  ];
}

async function unpack(name: string, download: (work: string) => Promise<void>): Promise<string> {
  const target = join(cacheRoot, name);
  if (existsSync(target)) return target;
  await mkdir(cacheRoot, { recursive: true });
  const work = await mkdtemp(join(cacheRoot, `.${name}-`));
  try {
    await mkdir(join(work, 'lists', 'partial'), { recursive: true });
    await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
    await download(work);
    const files = (await readdir(work)).filter((entry) => entry.endsWith('.deb'));
    if (files.length === 0) throw new Error(`apt-get downloaded no package for ${name}`);
    for (const file of files) await mustRun('dpkg', ['-x', join(work, file), join(work, 'root')]);
    // Two runs may race here; whichever renames first wins and both folders hold the same files.
    await rename(join(work, 'root'), target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

/** The archive that this machine's own apt uses. */
export async function debianMirror(): Promise<string> {
  const files = ['/etc/apt/sources.list'];
  if (existsSync('/etc/apt/sources.list.d')) {
    for (const entry of await readdir('/etc/apt/sources.list.d')) files.push(join('/etc/apt/sources.list.d', entry));
  }
  for (const file of files) {
    if (!existsSync(file)) continue;
    const text = await readFile(file, 'utf8');
    const found = /^\s*(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+\/debian)\/?(?=\s)/m.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error('no Debian mirror found in the apt sources of this machine; the lab needs Debian');
}
