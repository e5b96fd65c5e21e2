import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Compile, copyWineLibrary, DOUBLED_LIBRARIES, linkLibrary } from './library.ts';

const sources = fileURLToPath(new URL('.', import.meta.url));
/** For every C file: warnings are errors; most of the time goes into Windows' headers, of which few are needed. */
const COMPILER_FLAGS = [
  '-std=c11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-D_WIN32_WINNT=0x0A00',
  '-DWIN32_LEAN_AND_MEAN',
];
/** Doubles that nobody has asked for in this time are not in use any more. */
const OLD_MS = 7 * 24 * 3600 * 1000;

/** What building needs of the lab. */
export interface DoublesLab {
  /** Folder of Wine's own 64-bit DLLs, as this machine sees it. */
  readonly wineDlls: string;
  /** Runs x86_64-w64-mingw32-gcc in the lab, in this folder. Rejects with what it said. */
  compile(folder: string, args: readonly string[]): Promise<void>;
}

/**
 * Builds all doubles into a folder below `parent`, which the lab sees too, and returns the folder: httpapi.dll,
 * httpapi-no-update.dll (without HttpUpdateServiceConfiguration, as before Windows 10 1703), crypt32.dll, ncrypt.dll,
 * Wine's own of each as NAME_wine.dll, appcmd.exe, and the probes of the tests, http-probe.exe and key-probe.exe. The
 * folder is named after the sources, so that another checkout that works at the same time keeps its own. One caller at
 * a time.
 */
export async function buildDoubles(lab: DoublesLab, parent: string): Promise<string> {
  const name = await fingerprint(lab.wineDlls);
  const folder = join(parent, name);
  if (existsSync(folder)) {
    await utimes(folder, new Date(), new Date());
    return folder;
  }
  await removeOld(parent);
  const work = join(parent, `${name}.new`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await buildAll(lab, work);
  await rename(work, folder);
  return folder;
}

async function removeOld(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const { mtimeMs } = await stat(join(parent, name));
    if (Date.now() - mtimeMs > OLD_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function buildAll(lab: DoublesLab, folder: string): Promise<void> {
  for (const part of ['shared', ...DOUBLED_LIBRARIES, 'appcmd', 'probes']) {
    await cp(join(sources, part), join(folder, part), { recursive: true });
  }
  const compile: Compile = (args) => lab.compile(folder, [...COMPILER_FLAGS, ...args]);
  for (const name of DOUBLED_LIBRARIES) await copyWineLibrary(lab.wineDlls, name, folder);
  const shared = await compileAll(folder, 'shared', compile);
  const httpapi = await compileAll(folder, 'httpapi', compile);
  const ncrypt = await compileAll(folder, 'ncrypt', compile);
  const configuration = join('httpapi', 'configuration.o');
  await compile(['-c', '-DLAB_NO_UPDATE', 'httpapi/configuration.c', '-o', 'configuration-no-update.o']);
  const links = ['-lcrypt32', '-ladvapi32', '-lws2_32', '-lntdll'];
  const http = { library: 'httpapi', links, refused: null } as const;
  await linkLibrary({ ...http, file: 'httpapi', objects: [...httpapi, ...shared] }, folder, compile);
  const older = [...httpapi.filter((object) => object !== configuration), 'configuration-no-update.o', ...shared];
  await linkLibrary({ ...http, file: 'httpapi-no-update', objects: older }, folder, compile);
  const crypt32 = await compileAll(folder, 'crypt32', compile);
  await linkLibrary(
    { file: 'crypt32', library: 'crypt32', objects: [...crypt32, ...shared], links: [], refused: null },
    folder,
    compile,
  );
  await linkLibrary(
    {
      file: 'ncrypt',
      library: 'ncrypt',
      objects: [...ncrypt, ...shared],
      links: ['-lbcrypt', '-ladvapi32', '-luser32'],
      refused: { names: /^NCrypt/, by: 'LabRefuse' },
    },
    folder,
    compile,
  );
  await compile(['-municode', '-o', 'appcmd.exe', 'appcmd/client.c', ...shared, '-lws2_32']);
  const probe = ['-municode', 'probes/probe.c'];
  const httpProbe = ['probes/http-probe.c', 'httpapi/record-key.c', '-lcrypt32', '-lws2_32', '-lntdll'];
  await compile([...probe, '-o', 'http-probe.exe', ...httpProbe]);
  await compile([...probe, '-o', 'key-probe.exe', 'probes/key-probe.c', '-lncrypt', '-ladvapi32']);
}

// Compiles every C file of a part and returns the object files.
async function compileAll(folder: string, part: string, compile: Compile): Promise<readonly string[]> {
  const files = (await readdir(join(folder, part))).filter((file) => file.endsWith('.c')).sort();
  return Promise.all(
    files.map(async (file) => {
      const object = join(part, `${basename(file, '.c')}.o`);
      await compile(['-c', join(part, file), '-o', object]);
      return object;
    }),
  );
}

// What is not compiled, such as the service behind appcmd.exe, may change without a new build.
const BUILT_FROM = /\.[ch]$|^(?:build|library|pe-exports)\.ts$/;

// A hash of everything that goes into the doubles.
async function fingerprint(wineDlls: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(sources, { recursive: true })).filter((path) => BUILT_FROM.test(path)).sort();
  for (const path of files) hash.update(path).update(await readFile(join(sources, path)));
  for (const name of DOUBLED_LIBRARIES) hash.update(await readFile(join(wineDlls, `${name}.dll`)));
  return hash.digest('hex').slice(0, 32);
}
