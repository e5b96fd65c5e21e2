import { join } from 'node:path';
import type { AppcmdResult } from '../../../../src/ports/windows-host.ts';
import { createAppcmd } from '../../../sim-windows/appcmd/appcmd.ts';
import { loadConfiguration } from '../../../sim-windows/configuration.ts';
import { createSites } from '../../../sim-windows/sites.ts';
import { backupFolders } from './backup-folders.ts';
import { openConfigurationFile } from './configuration-file.ts';
import { rememberingSites } from './site-states.ts';

/** Of our own, in the folder of inetsrv: which sites were started and stopped by hand. */
export const SITE_STATES = 'lab-site-states.json';

/**
 * One run of appcmd over the files of an inetsrv folder: config/applicationHost.config, backup/, and SITE_STATES. What a
 * command means is said in lab/sim-windows; here is only where it is kept.
 */
export async function runFileAppcmd(inetsrv: string, args: readonly string[]): Promise<AppcmdResult> {
  const file = openConfigurationFile(join(inetsrv, 'config', 'applicationHost.config'));
  const configuration = loadConfiguration(file.octets);
  const sites = rememberingSites(createSites(configuration), join(inetsrv, SITE_STATES));
  const restored: Buffer[] = [];
  const backups = backupFolders(join(inetsrv, 'backup'), file.octets, (content) => restored.push(content));
  const changed = async (): Promise<void> => {
    sites.refresh();
    const [content] = restored;
    await (content === undefined ? file.write(configuration.root) : file.replace(content));
  };
  return createAppcmd({ configuration, sites, elevated: true, changed, backups })(args);
}
