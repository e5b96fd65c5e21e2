import type { AppcmdResult } from '../../src/ports/windows-host.ts';
import { childrenNamed, elementsAt } from '../../src/iis/application-host-xml.ts';
import { type AppcmdCommand, parseAppcmdArguments } from './appcmd-arguments.ts';
import {
  ACCESS_DENIED,
  ALREADY_EXISTS,
  AppcmdRefusal,
  changeElement,
  FILE_NOT_FOUND,
  INVALID_PARAMETER,
} from './appcmd-change.ts';
import { appcmdXml, siteXml } from './appcmd-xml.ts';
import type { SimConfiguration } from './configuration.ts';
import type { SimSite, SimSites } from './sites.ts';
import { type MutableElement, mutableCopy } from './xml-writer.ts';

const NO_MATCH = 1;

export interface AppcmdWorld {
  readonly configuration: SimConfiguration;
  readonly sites: SimSites;
  readonly elevated: boolean;
  /** After a change of the configuration or of what runs. */
  readonly changed: () => Promise<void>;
}

/** appcmd.exe: never throws, a refusal is an exit code and a text on stdout. */
export function createAppcmd(world: AppcmdWorld): (args: readonly string[]) => Promise<AppcmdResult> {
  const backups = new Map<string, readonly (readonly MutableElement[])[]>();

  const run = async (command: AppcmdCommand): Promise<AppcmdResult> => {
    if (!world.elevated) {
      const reason =
        'Configuration error\r\nFilename: redirection.config\r\nDescription: Cannot read configuration file due to insufficient permissions. ';
      throw new AppcmdRefusal(ACCESS_DENIED, reason);
    }
    switch (`${command.verb} ${command.object}`) {
      case 'list site':
        return listSites(world, command);
      case 'list app':
        return listed(command, applications(world), 'APP.NAME');
      case 'list vdir':
        return listed(command, virtualDirectories(world), 'VDIR.NAME');
      case 'list config':
        return listConfiguration(world, command);
      case 'list backup':
        return listed(
          command,
          [...backups.keys()].map((name) => ['BACKUP', { 'BACKUP.NAME': name }]),
          'BACKUP.NAME',
        );
      case 'set site': {
        const site = requireSite(world, command);
        changeAll(site.element, command);
        await world.changed();
        return text(`SITE object "${site.inventory.name}" changed`);
      }
      case 'set config':
        await setConfiguration(world, command);
        return text(
          `Applied configuration changes to section "system.applicationHost/sites" for "MACHINE/WEBROOT/APPHOST"`,
        );
      case 'add site':
        return addSite(world, command);
      case 'delete site': {
        const site = requireSite(world, command);
        for (const section of world.configuration.sections) {
          section.children = section.children.filter((child) => child !== site.element);
        }
        await world.changed();
        return text(`SITE object "${site.inventory.name}" deleted`);
      }
      case 'start site':
      case 'stop site': {
        const site = requireSite(world, command);
        const running = command.verb === 'start';
        world.sites.want(site.element, running);
        await world.changed();
        const conflict = world.sites.all().find(({ element }) => element === site.element)?.conflict ?? null;
        if (conflict !== null) {
          throw new AppcmdRefusal(ALREADY_EXISTS, 'Cannot create a file when that file already exists. ');
        }
        return text(`"${site.inventory.name}" successfully ${running ? 'started' : 'stopped'}.`);
      }
      case 'add backup': {
        const name = command.identifier ?? new Date().toISOString().replace(/\D/g, '').slice(0, 14);
        if (backups.has(name)) throw new AppcmdRefusal(ALREADY_EXISTS, `Failed to add duplicate backup "${name}".`);
        backups.set(
          name,
          world.configuration.sections.map((section) => section.children.map(mutableCopy)),
        );
        return text(`BACKUP object "${name}" added`);
      }
      case 'restore backup': {
        const saved = backups.get(command.identifier ?? '');
        if (saved === undefined) throw notFound('BACKUP', command.identifier ?? '');
        for (const [index, section] of world.configuration.sections.entries()) {
          section.children = (saved[index] ?? []).map(mutableCopy);
        }
        await world.changed();
        return text(`Restored configuration from backup "${command.identifier}"`);
      }
      default:
        throw new AppcmdRefusal(INVALID_PARAMETER, `Object '${command.object}' or command is not supported. `);
    }
  };

  return async (args) => {
    try {
      const command = parseAppcmdArguments(args);
      if (command === null) throw new AppcmdRefusal(INVALID_PARAMETER, 'Failed to process input: the syntax is wrong.');
      return await run(command);
    } catch (error) {
      if (!(error instanceof AppcmdRefusal)) throw error;
      return text(`ERROR ( message:${error.message} )`, error.exitCode);
    }
  };
}

function listSites(world: AppcmdWorld, command: AppcmdCommand): AppcmdResult {
  const wanted = (site: SimSite): boolean =>
    (command.identifier ?? parameter(command, 'site.name', 'name') ?? site.inventory.name).toLowerCase() ===
      site.inventory.name.toLowerCase() &&
    (parameter(command, 'site.id', 'id') ?? site.element.attributes['id']) === site.element.attributes['id'] &&
    (parameter(command, 'state') ?? site.inventory.state).toLowerCase() === site.inventory.state.toLowerCase();
  const sites = world.sites.all().filter(wanted);
  const exitCode = sites.length === 0 ? NO_MATCH : 0;
  if (has(command, 'xml')) {
    return { exitCode, stdout: appcmdXml(sites.map((site) => siteXml(site, has(command, 'config')))) };
  }
  const property = parameter(command, 'text');
  return text(
    sites
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

type Row = readonly [name: string, attributes: Readonly<Record<string, string>>];

function applications(world: AppcmdWorld): readonly Row[] {
  return world.sites.all().flatMap(({ element, inventory }) =>
    childrenNamed(element, 'application').map(({ attributes }): Row => {
      const path = attributes['path'] ?? '';
      const pool = attributes['applicationPool'] ?? 'DefaultAppPool';
      const name = `${inventory.name}${path}`;
      return ['APP', { path, 'APP.NAME': name, 'APPPOOL.NAME': pool, 'SITE.NAME': inventory.name }];
    }),
  );
}

function virtualDirectories(world: AppcmdWorld): readonly Row[] {
  return world.sites.all().flatMap(({ element, inventory }) =>
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

function listed(command: AppcmdCommand, rows: readonly Row[], nameAttribute: string): AppcmdResult {
  const matching = rows.filter(
    ([, attributes]) =>
      command.identifier === null || attributes[nameAttribute]?.toLowerCase() === command.identifier.toLowerCase(),
  );
  const exitCode = matching.length === 0 ? NO_MATCH : 0;
  const elements = matching.map(([name, attributes]) => ({ name, attributes, children: [] }));
  if (has(command, 'xml')) return { exitCode, stdout: appcmdXml(elements) };
  return text(
    matching.map(([name, attributes]) => `${name} "${attributes[nameAttribute] ?? ''}"`).join('\r\n'),
    exitCode,
  );
}

function listConfiguration(world: AppcmdWorld, command: AppcmdCommand): AppcmdResult {
  requireSitesSection(command);
  const children = world.configuration.sections.flatMap((section) => section.children);
  const attributes = {
    'CONFIG.SECTION': 'system.applicationHost/sites',
    path: 'MACHINE/WEBROOT/APPHOST',
    overrideMode: 'Inherit',
    locked: 'false',
  };
  const section = { name: 'system.applicationHost-sites', attributes: {}, children };
  return { exitCode: 0, stdout: appcmdXml([{ name: 'CONFIG', attributes, children: [section] }]) };
}

async function setConfiguration(world: AppcmdWorld, command: AppcmdCommand): Promise<void> {
  requireSitesSection(command);
  const [section] = world.configuration.sections;
  if (section === undefined) throw notFound('CONFIG', 'system.applicationHost/sites');
  changeAll(section, command);
  await world.changed();
}

// All or nothing: a refused parameter leaves what the others would have changed.
function changeAll(element: MutableElement, command: AppcmdCommand): void {
  const copy = mutableCopy(element);
  for (const { name, value } of settings(command)) changeElement(copy, name, value);
  element.attributes = copy.attributes;
  element.children = copy.children;
}

function requireSitesSection(command: AppcmdCommand): void {
  const section = parameter(command, 'section') ?? command.identifier;
  if (section?.toLowerCase() !== 'system.applicationhost/sites') {
    throw new AppcmdRefusal(INVALID_PARAMETER, `Unknown config section "${section ?? ''}". Replace with ? for help. `);
  }
}

async function addSite(world: AppcmdWorld, command: AppcmdCommand): Promise<AppcmdResult> {
  const [section] = world.configuration.sections;
  const name = parameter(command, 'name', 'site.name');
  if (section === undefined || name === null || name === '') {
    throw new AppcmdRefusal(INVALID_PARAMETER, 'Must specify the "name" attribute. ');
  }
  const all = world.sites.all();
  if (all.some(({ inventory }) => inventory.name.toLowerCase() === name.toLowerCase())) {
    throw new AppcmdRefusal(ALREADY_EXISTS, `Failed to add duplicate collection element "${name}".`);
  }
  const id = parameter(command, 'id') ?? String(1 + Math.max(0, ...all.map(({ inventory }) => inventory.id ?? 0)));
  const site: MutableElement = { name: 'site', attributes: { name, id }, children: [] };
  const bindings = parameter(command, 'bindings');
  changeElement(site, 'bindings', bindings ?? '');
  const physicalPath = parameter(command, 'physicalPath');
  if (physicalPath !== null) {
    const directory = { name: 'virtualDirectory', attributes: { path: '/', physicalPath }, children: [] };
    site.children.unshift({ name: 'application', attributes: { path: '/' }, children: [directory] });
  }
  section.children.push(site);
  await world.changed();
  return text(`SITE object "${name}" added`);
}

// A name with a slash at its end or as `/site.name:` both name a site.
function requireSite(world: AppcmdWorld, command: AppcmdCommand): SimSite {
  const name = command.identifier ?? parameter(command, 'site.name');
  const found = world.sites.all().find(({ inventory }) => inventory.name.toLowerCase() === name?.toLowerCase());
  if (found === undefined) throw notFound('SITE', name ?? '');
  return found;
}

function notFound(object: string, name: string): AppcmdRefusal {
  return new AppcmdRefusal(FILE_NOT_FOUND, `Cannot find ${object} object with identifier "${name}". `);
}

const switches = new Set(['site.name', 'xml', 'config', 'commit', 'section', 'text']);

function settings(command: AppcmdCommand): AppcmdCommand['parameters'] {
  return command.parameters.filter(({ name }) => !switches.has(name.toLowerCase()));
}

function parameter(command: AppcmdCommand, ...names: readonly string[]): string | null {
  const wanted = names.map((name) => name.toLowerCase());
  return command.parameters.find(({ name }) => wanted.includes(name.toLowerCase()))?.value ?? null;
}

function has(command: AppcmdCommand, name: string): boolean {
  return command.parameters.some((candidate) => candidate.name.toLowerCase() === name);
}

function text(line: string, exitCode = 0): AppcmdResult {
  return { exitCode, stdout: Buffer.from(line === '' ? '' : `${line}\r\n`) };
}
