import { childrenNamed, elementsAt } from '../../../src/iis/config/application-host-xml.ts';
import { type AppcmdText, appcmdText, appcmdXml, siteXml } from './output.ts';
import { type AppcmdCommand, has, parameter } from './arguments.ts';
import { AppcmdRefusal, INVALID_PARAMETER } from './change.ts';
import type { SimConfiguration } from '../configuration.ts';
import type { SimSite, SimSites } from '../sites.ts';

// The exit code of Windows' appcmd when nothing matches.
const NO_MATCH = 1;

/** `list site`, with its filters; as XML or text. */
export function listSites(sites: SimSites, command: AppcmdCommand): AppcmdText {
  const wanted = (site: SimSite): boolean =>
    (command.identifier ?? parameter(command, 'site.name', 'name') ?? site.inventory.name).toLowerCase() ===
      site.inventory.name.toLowerCase() &&
    (parameter(command, 'site.id', 'id') ?? site.element.attributes['id']) === site.element.attributes['id'] &&
    (parameter(command, 'state') ?? site.inventory.state).toLowerCase() === site.inventory.state.toLowerCase();
  const found = sites.all().filter(wanted);
  const exitCode = found.length === 0 ? NO_MATCH : 0;
  if (has(command, 'xml')) {
    return appcmdXml(
      found.map((site) => siteXml(site, has(command, 'config'))),
      exitCode,
    );
  }
  const property = parameter(command, 'text');
  return appcmdText(
    found
      .map(({ inventory, element }) => {
        const bindings = inventory.bindings.map(({ protocol, text: information }) => `${protocol}/${information}`);
        if (property === 'name' || property === 'site.name') return inventory.name;
        if (property === 'id' || property === 'site.id') return element.attributes['id'] ?? '';
        if (property === 'state') return inventory.state;
        return `SITE "${inventory.name}" (id:${element.attributes['id'] ?? ''},bindings:${bindings.join(',')},state:${inventory.state})`;
      })
      .join('\r\n'),
    exitCode,
  );
}

/** One element of a list. */
export type Row = readonly [name: string, attributes: Readonly<Record<string, string>>];

/** Rows of `list app`. */
export function applicationRows(sites: SimSites): readonly Row[] {
  return sites.all().flatMap(({ element, inventory }) =>
    childrenNamed(element, 'application').map(({ attributes }): Row => {
      const path = attributes['path'] ?? '';
      const pool = attributes['applicationPool'] ?? 'DefaultAppPool';
      const name = `${inventory.name}${path}`;
      return ['APP', { path, 'APP.NAME': name, 'APPPOOL.NAME': pool, 'SITE.NAME': inventory.name }];
    }),
  );
}

/** Rows of `list vdir`. */
export function virtualDirectoryRows(sites: SimSites): readonly Row[] {
  return sites.all().flatMap(({ element, inventory }) =>
    childrenNamed(element, 'application').flatMap((application) =>
      elementsAt(application, 'virtualDirectory').map(({ attributes }): Row => {
        const name = `${inventory.name}${application.attributes['path'] ?? ''}`;
        const path = attributes['path'] ?? '';
        const whole = path === '/' ? name : `${name.replace(/\/$/, '')}${path}`;
        const physicalPath = attributes['physicalPath'] ?? '';
        return ['VDIR', { 'VDIR.NAME': whole, physicalPath, path, 'APP.NAME': name }];
      }),
    ),
  );
}

/** A `list` command for these rows, filtered by its identifier. */
export function listRows(command: AppcmdCommand, rows: readonly Row[], nameAttribute: string): AppcmdText {
  const matching = rows.filter(
    ([, attributes]) =>
      command.identifier === null || attributes[nameAttribute]?.toLowerCase() === command.identifier.toLowerCase(),
  );
  const exitCode = matching.length === 0 ? NO_MATCH : 0;
  const elements = matching.map(([name, attributes]) => ({ name, attributes, children: [] }));
  if (has(command, 'xml')) return appcmdXml(elements, exitCode);
  return appcmdText(
    matching.map(([name, attributes]) => `${name} "${attributes[nameAttribute] ?? ''}"`).join('\r\n'),
    exitCode,
  );
}

/** `list config` for the sites section, the only one that the double has. */
export function listConfiguration(configuration: SimConfiguration, command: AppcmdCommand): AppcmdText {
  requireSitesSection(command);
  const children = configuration.sections.flatMap((section) => section.children);
  const attributes = {
    'CONFIG.SECTION': 'system.applicationHost/sites',
    path: 'MACHINE/WEBROOT/APPHOST',
    overrideMode: 'Inherit',
    locked: 'false',
  };
  const section = { name: 'system.applicationHost-sites', attributes: {}, children };
  return appcmdXml([{ name: 'CONFIG', attributes, children: [section] }]);
}

/** Throws AppcmdRefusal when the command is about another section. */
export function requireSitesSection(command: AppcmdCommand): void {
  const section = parameter(command, 'section') ?? command.identifier;
  if (section?.toLowerCase() !== 'system.applicationhost/sites') {
    throw new AppcmdRefusal(INVALID_PARAMETER, `Unknown config section "${section ?? ''}". Replace with ? for help. `);
  }
}
