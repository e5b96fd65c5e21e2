import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppcmdResult } from '../../../../src/ports/windows-host.ts';
import { type Backups, createAppcmd } from '../../../sim-windows/appcmd/appcmd.ts';
import { AppcmdRefusal, INVALID_PARAMETER } from '../../../sim-windows/appcmd/change.ts';
import { loadConfiguration } from '../../../sim-windows/configuration.ts';
import { createSites } from '../../../sim-windows/sites.ts';
import { openConfigurationFile } from './configuration-file.ts';
import { readSiteStates, writeSiteStates } from './site-states.ts';

/** A file of our own in the folder of inetsrv: which sites were started and stopped by hand or start soon. */
export const SITE_STATES = 'lab-site-states.json';

const FILE = 'applicationHost.config';

/**
 * One run of appcmd over the files of an inetsrv folder: config/applicationHost.config, backup/, and SITE_STATES.
 * lab/sim-windows knows what a command means; this file only knows where the state is kept.
 */
export async function runFileAppcmd(inetsrv: string, args: readonly string[]): Promise<AppcmdResult> {
  const file = openConfigurationFile(join(inetsrv, 'config', FILE));
  const configuration = loadConfiguration(file.octets);
  const states = join(inetsrv, SITE_STATES);
  const sites = createSites(configuration, { memory: readSiteStates(states) });
  const restored: Buffer[] = [];
  const backups = backupFolders(join(inetsrv, 'backup'), file.octets, (content) => restored.push(content));
  const changed = async (): Promise<void> => {
    sites.refresh();
    writeSiteStates(states, sites.memory());
    const [content] = restored;
    await (content === undefined ? file.write(configuration.root) : file.replace(content));
  };
  return createAppcmd({ configuration, sites, elevated: true, changed, backups })(args);
}

/** Backups as IIS keeps them, a folder each. `restore` gives the content back instead of writing it. */
function backupFolders(folder: string, current: Buffer, restore: (content: Buffer) => void): Backups {
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
