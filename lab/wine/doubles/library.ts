import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportedNames } from './pe-exports.ts';

// "Wine builtin DLL" stands here in Wine's own files; without it Wine loads a file like any other vendor's.
const BUILTIN_MARK = 0x40;
const BUILTIN_MARK_OCTETS = 32;

/** Compiles in the lab: arguments for x86_64-w64-mingw32-gcc, file names relative to the build's folder. */
export type Compile = (args: readonly string[]) => Promise<void>;

/** A double that takes the place of a DLL of Wine. */
export interface LibraryDouble {
  /** Name of the file to make, without `.dll`: a variant has a name of its own. */
  readonly file: string;
  /** The DLL that it stands for. */
  readonly library: 'httpapi' | 'ncrypt';
  readonly objects: readonly string[];
  readonly links: readonly string[];
  /**
   * Wine's functions that neither the double nor Wine can carry out, and the function of the double that refuses them.
   */
  readonly refused: { readonly names: RegExp; readonly by: string } | null;
}

/** Copies Wine's own DLL as NAME_wine.dll, without the mark, so that a double can pass calls on to it. */
export async function copyWineLibrary(wineDlls: string, name: string, folder: string): Promise<void> {
  const image = await readFile(join(wineDlls, `${name}.dll`));
  if (!image.toString('latin1', BUILTIN_MARK).startsWith('Wine builtin DLL')) {
    throw new Error(`${name}.dll is not one of Wine's own`);
  }
  image.fill(0, BUILTIN_MARK, BUILTIN_MARK + BUILTIN_MARK_OCTETS);
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
