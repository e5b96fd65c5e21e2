import { copyFile, link, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Wine's programs are as large at least. Nothing writes into them; who wants another one in their place puts a new file there. */
const LARGE = 64 * 1024;

/** A copy of a prefix that shares the programs of Windows with it: 700 MB that need not be written each time. */
export async function copyTemplate(from: string, to: string): Promise<void> {
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
