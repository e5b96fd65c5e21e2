import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Compile, copyWineLibrary, linkLibrary } from './library.ts';

const sources = fileURLToPath(new URL('.', import.meta.url));
/** For every C file of the doubles: warnings are errors. */
export const COMPILER_FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-D_WIN32_WINNT=0x0A00'];
const STAMP = 'built-from.txt';

/** What building needs of the lab. */
export interface DoublesLab {
  /** Folder of Wine's own 64-bit DLLs, as this machine sees it. */
  readonly wineDlls: string;
  /** Runs x86_64-w64-mingw32-gcc in the lab, in this folder. Rejects with what it said. */
  compile(folder: string, args: readonly string[]): Promise<void>;
}

/**
 * Builds all doubles into a folder that the lab sees too: httpapi.dll, httpapi-no-update.dll (without HttpUpdateServiceConfiguration, as before
 * Windows 10 1703), ncrypt.dll, Wine's own of both as NAME_wine.dll, appcmd.exe and appcmd.mjs. Does nothing when they are of these sources.
 */
export async function buildDoubles(lab: DoublesLab, folder: string): Promise<void> {
  const bundle = await bundleAppcmd();
  const stamp = await fingerprint(lab.wineDlls, bundle);
  if ((await readFile(join(folder, STAMP), 'utf8').catch(() => '')) === stamp) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of ['shared', 'httpapi', 'ncrypt', 'appcmd']) {
    await cp(join(sources, part), join(folder, part), { recursive: true });
  }
  const compile: Compile = (args) => lab.compile(folder, [...COMPILER_FLAGS, ...args]);
  for (const name of ['httpapi', 'ncrypt']) await copyWineLibrary(lab.wineDlls, name, folder);
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
  await compile(['-o', 'appcmd.exe', 'appcmd/launcher.c', ...shared]);
  await writeFile(join(folder, 'appcmd.mjs'), bundle);
  await writeFile(join(folder, STAMP), stamp);
}

// Every C file of a part; answers the object files.
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

async function bundleAppcmd(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(sources, 'appcmd', 'main.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild gave no output');
  return file.contents;
}

// Of everything that goes into the doubles.
async function fingerprint(wineDlls: string, bundle: Uint8Array): Promise<string> {
  const hash = createHash('sha256').update(bundle);
  const files = (await readdir(sources, { recursive: true })).filter((path) => /\.(?:c|h|ts)$/.test(path)).sort();
  for (const path of files) hash.update(path).update(await readFile(join(sources, path)));
  for (const name of ['httpapi', 'ncrypt']) hash.update(await readFile(join(wineDlls, `${name}.dll`)));
  return hash.digest('hex');
}
