import type { WindowsHost } from '../ports/windows-host.ts';
import { appcmdFailed } from './appcmd-status.ts';
import { parseSiteList, parseSitesSection, type ListedSite } from './config/appcmd-output.ts';
import type { RawSites } from './config/application-host-sites.ts';

// What appcmd ends with when nothing matches is not documented: 1 with no output, or an empty list, are known.
const NO_MATCH = 1;

const SITES = ['list', 'site', '/xml'];
const SECTION = ['list', 'config', '/section:system.applicationHost/sites', '/xml'];

type Appcmd = Pick<WindowsHost, 'appcmd'>;

/**
 * Which sites run. A whole list is used whatever the exit code. Throws IIS_APPCMD_FAILED, IIS_ACCESS_DENIED,
 * IIS_APPCMD_OUTPUT_INVALID.
 */
export async function listSites(host: Appcmd): Promise<readonly ListedSite[]> {
  const { exitCode, stdout } = await host.appcmd(SITES);
  if (exitCode === 0) return parseSiteList(stdout);
  if (exitCode === NO_MATCH && stdout.length === 0) return [];
  try {
    return parseSiteList(stdout);
  } catch {
    throw appcmdFailed(SITES, exitCode);
  }
}

/** A list without sites on a server that has some. */
export function listIsEmpty(): Error {
  return appcmdFailed(SITES, NO_MATCH);
}

/** What appcmd says is configured. Only numbers and ASCII text of it can be trusted. Throws the same. */
export async function listSitesSection(host: Appcmd): Promise<RawSites> {
  const { exitCode, stdout } = await host.appcmd(SECTION);
  if (exitCode === 0) return parseSitesSection(stdout);
  throw appcmdFailed(SECTION, exitCode);
}
