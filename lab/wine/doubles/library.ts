import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportedNames } from './pe-exports.ts';

// "Wine builtin DLL" stands here in Wine's own files; without it Wine loads a file like any other vendor's.
const BUILTIN_MARK = 0x40;
const BUILTIN_MARK_OCTETS = 32;

/** The DLLs of Wine that have doubles. */
export const DOUBLED_LIBRARIES = ['crypt32', 'httpapi', 'ncrypt'] as const;

/** Compiles in the lab: arguments for x86_64-w64-mingw32-gcc, file names relative to the build's folder. */
export type Compile = (args: readonly string[]) => Promise<void>;

/** A double that takes the place of a DLL of Wine. */
export interface LibraryDouble {
  /** Name of the file to make, without `.dll`: a variant has a name of its own. */
  readonly file: string;
  /** The DLL that it stands for. */
  readonly library: (typeof DOUBLED_LIBRARIES)[number];
  readonly objects: readonly string[];
  readonly links: readonly string[];
  /**
   * Wine's functions that neither the double nor Wine can carry out, and the function of the double that refuses them.
   */
  readonly refused: { readonly names: RegExp; readonly by: string } | null;
}

/** Below the doubles, where Wine looks for libraries as for its own: the value of WINEDLLPATH. */
export const WINE_COPIES = 'wine';

/**
 * Copies Wine's own DLL as NAME_wine.dll, so that a double can pass calls on to it. It loses the mark, and is like any
 * other vendor's DLL then. One with a part for Unix keeps the mark: Wine would not give it that part otherwise.
 */
export async function copyWineLibrary(wineDlls: string, name: string, folder: string): Promise<void> {
  const image = await readFile(join(wineDlls, `${name}.dll`));
  if (!image.toString('latin1', BUILTIN_MARK).startsWith('Wine builtin DLL')) {
    throw new Error(`${name}.dll is not one of Wine's own`);
  }
  const unixPart = join(wineDlls, '..', 'x86_64-unix', `${name}.so`);
  if (existsSync(unixPart)) {
    for (const part of ['x86_64-windows', 'x86_64-unix']) {
      await mkdir(join(folder, WINE_COPIES, part), { recursive: true });
    }
    await copyFile(unixPart, join(folder, WINE_COPIES, 'x86_64-unix', `${name}_wine.so`));
    await writeFile(join(folder, WINE_COPIES, 'x86_64-windows', `${name}_wine.dll`), image);
  } else {
    image.fill(0, BUILTIN_MARK, BUILTIN_MARK + BUILTIN_MARK_OCTETS);
  }
  await writeFile(join(folder, `${name}_wine.dll`), image);
}

/**
 * Links a double twice: first alone, to see what it exports itself, then with forwarders for everything else that
 * Wine's DLL exports. So there is no list to keep.
 */
export async function linkLibrary(double: LibraryDouble, folder: string, compile: Compile): Promise<void> {
  const { file, library, objects, links, refused } = double;
  const link = (...more: readonly string[]): Promise<void> =>
    compile(['-shared', '-static-libgcc', '-o', `${file}.dll`, ...objects, ...more, ...links]);
  await link();
  const own = new Set(exportedNames(await readFile(join(folder, `${file}.dll`))));
  const others = exportedNames(await readFile(join(folder, `${library}_wine.dll`))).filter((name) => !own.has(name));
  const lines = others.map((name) =>
    refused?.names.test(name) === true ? `  ${name} = ${refused.by}` : `  ${name} = ${library}_wine.${name}`,
  );
  await writeFile(join(folder, `${file}.def`), [`LIBRARY ${library}.dll`, 'EXPORTS', ...lines, ''].join('\n'));
  await link(`${file}.def`);
}
