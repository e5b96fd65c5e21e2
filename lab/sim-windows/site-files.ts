import { lstat, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WindowsError } from '../../src/errors/error.ts';
import type { SiteFiles } from '../../src/ports/windows-host.ts';
import { parseWindowsPath } from './windows-path.ts';

const ACCESS_DENIED = 5;
const PATH_NOT_FOUND = 3;
const FILE_TOO_LARGE = 223;

/** A Windows path resolved: the folder names that exist, as they are on disk, then those that do not exist. */
interface Located {
  readonly text: string;
  readonly existing: readonly string[];
  readonly missing: readonly string[];
  readonly kind: 'file' | 'folder' | 'none';
  /** Where the existing part ends is a file, so nothing can be below it. */
  readonly blocked: boolean;
}

/**
 * Windows paths below one Linux folder, without regard to case as Windows has it. Symbolic links are refused: they
 * could lead out. `folderWentAway` is told each folder that was removed.
 */
export function createSiteFiles(rootFolder: string, folderWentAway: (path: string) => void = () => {}): SiteFiles {
  const locate = async (path: string, root?: string): Promise<Located> => {
    const { text, segments } = parseWindowsPath(path);
    if (root !== undefined && !isBelow(segments, parseWindowsPath(root).segments)) {
      throw new WindowsError('CreateFileW', ACCESS_DENIED, { path });
    }
    const existing: string[] = [];
    let kind: 'file' | 'folder' = 'folder';
    for (const segment of segments) {
      const found = kind === 'folder' ? await childNamed(join(rootFolder, ...existing), segment) : null;
      if (found === null) break;
      existing.push(found);
      const stat = await lstat(join(rootFolder, ...existing));
      if (!stat.isFile() && !stat.isDirectory()) throw new WindowsError('CreateFile', ACCESS_DENIED, { path });
      kind = stat.isFile() ? 'file' : 'folder';
    }
    const missing = segments.slice(existing.length);
    return { text, existing, missing, kind: missing.length > 0 ? 'none' : kind, blocked: kind === 'file' };
  };

  return {
    read: async (path, maxBytes, root) => {
      const found = await locate(path, root);
      if (found.kind === 'none') return null;
      if (found.kind === 'folder') throw new WindowsError('CreateFile', ACCESS_DENIED, { path });
      const file = join(rootFolder, ...found.existing);
      if ((await lstat(file)).size > maxBytes) throw new WindowsError('ReadFile', FILE_TOO_LARGE, { path });
      return readFile(file);
    },
    write: async (path, octets, root) => {
      const found = await locate(path, root);
      if (found.kind === 'folder') throw new WindowsError('CreateFile', ACCESS_DENIED, { path });
      if (found.kind === 'none' && found.blocked) throw new WindowsError('CreateDirectory', PATH_NOT_FOUND, { path });
      const file = join(rootFolder, ...found.existing, ...found.missing);
      const folders = found.missing.slice(0, -1);
      if (folders.length > 0) await mkdir(dirname(file), { recursive: true });
      await writeFile(file, octets);
      const names = found.text.split('\\');
      const known = names.length - found.missing.length;
      return folders.map((_, index) => names.slice(0, known + index + 1).join('\\'));
    },
    removeFile: async (path, root) => {
      const found = await locate(path, root);
      if (found.kind === 'folder') throw new WindowsError('DeleteFile', ACCESS_DENIED, { path });
      if (found.kind === 'file') await rm(join(rootFolder, ...found.existing));
    },
    removeEmptyFolder: async (path, root) => {
      const found = await locate(path, root);
      if (found.kind !== 'folder') return false;
      try {
        await rmdir(join(rootFolder, ...found.existing));
        folderWentAway(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return false;
        throw error;
      }
    },
  };
}

function isBelow(segments: readonly string[], root: readonly string[]): boolean {
  return root.every((name, index) => segments[index]?.toUpperCase() === name.toUpperCase());
}

async function childNamed(folder: string, name: string): Promise<string | null> {
  const upper = name.toUpperCase();
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.includes(name) ? name : (names.find((entry) => entry.toUpperCase() === upper) ?? null);
}
