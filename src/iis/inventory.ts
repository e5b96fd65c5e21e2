import { EverbindError } from '../errors/error.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import {
  decodeAppcmdOutput,
  parseSiteList,
  parseSitesSection,
  parseVirtualDirectoryList,
  type AppcmdSite,
  type AppcmdVirtualDirectory,
} from './config/appcmd-output.ts';
import { ftpCertificate, sectionProblems, siteInventory, siteProblems } from './config/application-host-inventory.ts';
import type { RawSite, RawSites } from './config/application-host-sites.ts';
import type { Inventory, InventoryProblem, SiteInventory } from './config/inventory-types.ts';

/**
 * Reads the present state of the server: appcmd, http.sys records and certificate stores, all at the same time. Throws
 * IIS_APPCMD_FAILED, IIS_ACCESS_DENIED, IIS_APPCMD_OUTPUT_INVALID, WIN_CALL_FAILED.
 */
export async function readInventory(host: WindowsHost): Promise<Inventory> {
  const [section, list, directories, records, personal, hosting] = await Promise.all([
    query(host, ['list', 'config', '/section:system.applicationHost/sites', '/xml']),
    query(host, ['list', 'site', '/config', '/xml']),
    query(host, ['list', 'vdir', '/xml']),
    host.sslRecords.enumerate(),
    host.certificates.list('MY'),
    host.certificates.list('WebHosting'),
  ]);
  if (section === null) throw failed(['list', 'config', '/section:system.applicationHost/sites', '/xml'], NO_MATCH);
  const sites = combine(
    parseSitesSection(section),
    list === null ? [] : parseSiteList(list),
    directories === null ? [] : parseVirtualDirectoryList(directories),
  );
  const exact = [section, list, directories].every((output) => output === null || decodeAppcmdOutput(output).exact);
  return {
    ...sites,
    records,
    certificates: [...personal, ...hosting],
    problems: [...encodingProblem(exact), ...sites.problems],
  };
}

// `list` exits with 1 and prints nothing when nothing matches.
const NO_MATCH = 1;

async function query(host: WindowsHost, args: readonly string[]): Promise<Uint8Array | null> {
  const { exitCode, stdout } = await host.appcmd(args);
  if (exitCode === 0) return stdout;
  if (exitCode === NO_MATCH) return null;
  throw failed(args, exitCode);
}

function failed(args: readonly string[], exitCode: number): EverbindError {
  const command = `appcmd ${args.join(' ')}`;
  // A Win32 code, or the same inside an HRESULT.
  const status = exitCode >>> 16 === 0x8007 ? exitCode & 0xffff : exitCode;
  const code = status === 5 ? 'IIS_ACCESS_DENIED' : 'IIS_APPCMD_FAILED';
  return new EverbindError(code, `${command} ended with ${exitCode}`, { command, exitCode });
}

/**
 * The section has what is configured, the list of sites what runs. A site that only one of them has was created or
 * removed in between.
 */
function combine(
  section: RawSites,
  list: readonly AppcmdSite[],
  directories: readonly AppcmdVirtualDirectory[],
): Pick<Inventory, 'sites' | 'ftpDefaults' | 'problems'> {
  if (list.length === 0 && section.sites.length > 0) throw failed(['list', 'site', '/config', '/xml'], NO_MATCH);
  const configured = new Map(section.sites.map((site) => [siteKey(site.id, site.name), site]));
  const roots = new Map(
    directories.filter(({ path }) => path === '/').map(({ application, physicalPath }) => [application, physicalPath]),
  );
  const sites = list.map((listed): SiteInventory => {
    const raw: RawSite | null = listed.configuration ?? configured.get(siteKey(listed.id, listed.name)) ?? null;
    const site = siteInventory(raw ?? bare(listed), section, listed.state);
    return { ...site, rootPath: site.rootPath ?? roots.get(`${site.name}/`) ?? null };
  });
  return {
    sites,
    ftpDefaults: ftpCertificate(section.siteDefaults.ftpServer),
    problems: [...sectionProblems(section), ...siteProblems(sites)],
  };
}

function siteKey(id: string | null, name: string | null): string {
  return JSON.stringify([id, name]);
}

// Used for a site that appcmd lists without its configuration.
function bare(listed: AppcmdSite): RawSite {
  return {
    name: listed.name,
    id: listed.id,
    serverAutoStart: null,
    attributes: {},
    declaresBindings: true,
    // The short form has no sslFlags. Assuming 0 would mistake an SNI binding for one that shares its address.
    bindings: listed.bindings.map((binding) => ({ attributes: { ...binding, sslFlags: 'not listed' } })),
    applications: [],
    virtualDirectoryDefaults: {},
    hsts: null,
    ftpServer: null,
  };
}

function encodingProblem(exact: boolean): readonly InventoryProblem[] {
  if (exact) return [];
  const reason = 'the output is not UTF-8; names with letters beyond ASCII may be wrong, use id:N for such sites';
  return [{ target: 'appcmd', code: 'appcmd-encoding', reason }];
}
