import { EverbindError } from '../errors/error.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { parseApplicationHost, type IisConfiguration } from './config/application-host.ts';
import type { RawSites } from './config/application-host-sites.ts';
import { MAX_CONFIGURATION_OCTETS } from './config/application-host-text.ts';
import { redirectedFolder } from './config/redirection.ts';

// Below the folder inetsrv, against which the host resolves relative paths.
const FOLDER = 'config';
const REDIRECTION = `${FOLDER}\\redirection.config`;

/**
 * The section system.applicationHost/sites as the configuration files of the server have it: in UTF-8, unlike what
 * appcmd writes. Follows redirection.config to a shared configuration, and the section's configSource. Throws
 * IIS_CONFIG_INVALID for what is absent or no configuration, WindowsError for what this process cannot read.
 */
export async function readSitesSection({ files }: Pick<WindowsHost, 'files'>): Promise<RawSites> {
  const parsed = async (path: string): Promise<IisConfiguration> => {
    const octets = await files.read(path, MAX_CONFIGURATION_OCTETS);
    if (octets === null) throw new EverbindError('IIS_CONFIG_INVALID', `there is no ${path}`, { path });
    return parseApplicationHost(octets);
  };
  const redirection = await files.read(REDIRECTION, MAX_CONFIGURATION_OCTETS);
  const folder = (redirection === null ? null : redirectedFolder(redirection)) ?? FOLDER;
  const path = `${folder}\\applicationHost.config`;
  const configuration = await parsed(path);
  if (configuration.root !== 'configuration') throw notSites(path, configuration);
  if (!configuration.hasSites) {
    throw new EverbindError('IIS_CONFIG_INVALID', `${path} has no section system.applicationHost/sites`, { path });
  }
  const { configSource } = configuration;
  if (configSource === null) return configuration;
  // As in .NET: a file beside this one or below.
  if (!/^(?:[^\\/:*?"<>|%.][^\\/:*?"<>|%]*\\)*[^\\/:*?"<>|%.][^\\/:*?"<>|%]*$/.test(configSource)) {
    throw new EverbindError(
      'IIS_CONFIG_INVALID',
      `configSource ${configSource.slice(0, 300)} is no path below ${folder}`,
    );
  }
  const elsewhere = await parsed(`${folder}\\${configSource}`);
  if (elsewhere.root !== 'sites') throw notSites(configSource, elsewhere);
  return { ...elsewhere, sites: elsewhere.fragmentSites };
}

function notSites(path: string, { root }: IisConfiguration): EverbindError {
  return new EverbindError('IIS_CONFIG_INVALID', `${path} has the root element <${root.slice(0, 100)}>`, { path });
}
