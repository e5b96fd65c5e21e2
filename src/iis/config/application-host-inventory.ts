import { parseBindingInformation } from './binding-information.ts';
import type { IisConfiguration } from './application-host.ts';
import type { RawBinding, RawFtpServer, RawSite, RawSites } from './application-host-sites.ts';
import {
  type FtpCertificate,
  type Inventory,
  type InventoryProblem,
  type SiteBinding,
  type SiteInventory,
  type SiteState,
  siteText,
} from './inventory-types.ts';
import { parseSslFlags } from './ssl-flags.ts';

/**
 * The inventory of a configuration file. States are Unknown, and there are no records and certificates. For a fragment
 * the list of sites is empty, and a problem says so.
 */
export function inventoryOfConfiguration(configuration: IisConfiguration): Inventory {
  const problems: InventoryProblem[] = [];
  if (configuration.root !== 'configuration') {
    problems.push({
      target: `<${configuration.root}>`,
      code: 'not-a-server-configuration',
      reason: 'an applicationHost.config has the root element <configuration>; this is a part of one or something else',
    });
  }
  const sites = configuration.sites.map((site) => siteInventory(site, configuration, 'Unknown'));
  return {
    sites,
    ftpDefaults: ftpCertificate(configuration.siteDefaults.ftpServer),
    records: [],
    certificates: [],
    problems: [...problems, ...sectionProblems(configuration), ...siteProblems(sites)],
  };
}

/** A site with the defaults of the section applied. */
export function siteInventory(site: RawSite, section: Omit<RawSites, 'sites'>, state: SiteState): SiteInventory {
  const inherits = !site.declaresBindings;
  return {
    name: site.name ?? '',
    id: parseSiteId(site.id),
    state,
    serverAutoStart: (site.serverAutoStart ?? section.siteDefaults.serverAutoStart)?.toLowerCase() !== 'false',
    bindings: (inherits ? section.siteDefaults.bindings : site.bindings).map((binding) =>
      siteBinding(binding, inherits),
    ),
    rootPath: rootPath(site, section),
    ftp: ftpCertificate(site.ftpServer),
  };
}

/**
 * serverCertHash and serverCertStoreName of `ftpServer/security/ssl`; null without a hash. The store defaults to MY.
 */
export function ftpCertificate(ftpServer: RawFtpServer | null): FtpCertificate | null {
  const hash = ftpServer?.ssl?.['serverCertHash']?.replaceAll(' ', '').toLowerCase() ?? '';
  if (hash === '') return null;
  return { certificateHash: hash, certificateStore: ftpServer?.ssl?.['serverCertStoreName'] ?? 'MY' };
}

/** What is odd about the section as a whole. */
export function sectionProblems(section: Pick<RawSites, 'configSource'>): readonly InventoryProblem[] {
  if (section.configSource === null) return [];
  const reason = `the sites stand in another file (configSource ${section.configSource}), which was not read`;
  return [{ target: 'system.applicationHost/sites', code: 'sites-elsewhere', reason }];
}

/** What is odd about sites and their bindings. */
export function siteProblems(sites: readonly SiteInventory[]): readonly InventoryProblem[] {
  const problems: InventoryProblem[] = [];
  const seen = new Map<number, SiteInventory>();
  for (const site of sites) {
    const target = siteText(site);
    const add = (code: InventoryProblem['code'], reason: string): unknown => problems.push({ target, code, reason });
    if (site.name === '') add('site-name-missing', 'the site has no name');
    if (site.id === null) add('site-id-invalid', 'the site has no id, or one that is no number');
    const twin = site.id === null ? undefined : seen.get(site.id);
    if (twin !== undefined) add('site-id-duplicate', `site ${siteText(twin)} has the id ${site.id} too`);
    if (site.id !== null) seen.set(site.id, site);
    for (const binding of site.bindings) {
      const text = `${binding.protocol} binding ${JSON.stringify(binding.text)}`;
      if (binding.information.kind === 'unreadable')
        add('binding-unreadable', `${text}: ${binding.information.problem}`);
      if (binding.sslFlags === null) add('ssl-flags-unreadable', `${text}: sslFlags is no number`);
    }
  }
  return problems;
}

function siteBinding({ attributes }: RawBinding, inherited: boolean): SiteBinding {
  const protocol = (attributes['protocol'] ?? '').toLowerCase();
  const text = attributes['bindingInformation'] ?? '';
  return {
    protocol,
    text,
    information: parseBindingInformation(protocol, text),
    sslFlags: parseSslFlags(attributes['sslFlags']),
    inherited,
  };
}

function parseSiteId(text: string | null): number | null {
  return text !== null && /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : null;
}

function rootPath(site: RawSite, section: Omit<RawSites, 'sites'>): string | null {
  const application = site.applications.find(({ path }) => path === '/');
  const directory = application?.virtualDirectories.find(({ path }) => path === '/');
  if (application === undefined || directory === undefined) return null;
  const path =
    directory.physicalPath ??
    application.virtualDirectoryDefaults['physicalPath'] ??
    site.virtualDirectoryDefaults['physicalPath'] ??
    section.virtualDirectoryDefaults['physicalPath'];
  return path === undefined || path === '' ? null : path;
}
