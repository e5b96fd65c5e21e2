import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backups } from '../../../sim-windows/appcmd/appcmd.ts';
import { AppcmdRefusal, INVALID_PARAMETER } from '../../../sim-windows/appcmd/change.ts';

const FILE = 'applicationHost.config';

/** Backups as IIS keeps them, a folder each. `restore` gives the content back instead of writing it. */
export function backupFolders(folder: string, current: Buffer, restore: (content: Buffer) => void): Backups {
  const place = (name: string): string => {
    if (!/^[^\\/:*?"<>|.][^\\/:*?"<>|]*$/.test(name)) {
      throw new AppcmdRefusal(INVALID_PARAMETER, `The backup name "${name}" is not valid.`);
    }
    return join(folder, name);
  };
  return {
    names: () => (existsSync(folder) ? readdirSync(folder).sort() : []),
    add: (name) => {
      if (existsSync(place(name))) return false;
      mkdirSync(place(name), { recursive: true });
      writeFileSync(join(place(name), FILE), current);
      return true;
    },
    remove: (name) => {
      if (!existsSync(place(name))) return false;
      rmSync(place(name), { recursive: true });
      return true;
    },
    restore: (name) => {
      if (!existsSync(join(place(name), FILE))) return false;
      restore(readFileSync(join(place(name), FILE)));
      return true;
    },
  };
}
