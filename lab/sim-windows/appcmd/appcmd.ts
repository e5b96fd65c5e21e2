import type { AppcmdResult } from '../../../src/ports/windows-host.ts';
import { type AppcmdText, appcmdText } from './output.ts';
import { type AnsiCodePage, ansiEncoder } from './code-page.ts';
import { type AppcmdCommand, parameter, parseAppcmdArguments } from './arguments.ts';
import {
  ACCESS_DENIED,
  ALREADY_EXISTS,
  AppcmdRefusal,
  type AppcmdRefuses,
  changeElement,
  clearElement,
  FILE_NOT_FOUND,
  INVALID_PARAMETER,
  OBJECT_NOT_FOUND,
  refuse,
} from './change.ts';
import {
  applicationRows,
  listConfiguration,
  listRows,
  listSites,
  requireSitesSection,
  virtualDirectoryRows,
} from './list.ts';
import type { SimConfiguration } from '../configuration.ts';
import type { SimSite, SimSites } from '../sites.ts';
import { type MutableElement, mutableCopy } from '../xml-writer.ts';

export interface AppcmdWorld {
  readonly configuration: SimConfiguration;
  readonly sites: SimSites;
  readonly elevated: boolean;
  /** Called after a change of the configuration or of which sites run. */
  readonly changed: () => Promise<void>;
  readonly backups: Backups;
  /** Of redirected output; 1252 by default. */
  readonly ansiCodePage?: AnsiCodePage;
  /** Forms of commands that it does not take; none by default. */
  readonly refuses?: readonly AppcmdRefuses[];
}

/** Where `add backup` puts copies of the configuration. Whether the case of names matters depends on the place. */
export interface Backups {
  names(): readonly string[];
  /** false when the name is taken. */
  add(name: string): boolean;
  /** false when there is none. */
  remove(name: string): boolean;
  /** Restores the configuration; false when there is no such backup. */
  restore(name: string): boolean;
}

/** Backups that live as long as the double. */
export function backupsInMemory(configuration: SimConfiguration): Backups {
  const backups = new Map<string, readonly (readonly MutableElement[])[]>();
  const copy = (): readonly (readonly MutableElement[])[] =>
    configuration.sections.map((section) => section.children.map(mutableCopy));
  return {
    names: () => [...backups.keys()],
    add: (name) => !backups.has(name) && backups.set(name, copy()) !== undefined,
    remove: (name) => backups.delete(name),
    restore: (name) => {
      const saved = backups.get(name);
      if (saved === undefined) return false;
      for (const [index, section] of configuration.sections.entries()) {
        section.children = (saved[index] ?? []).map(mutableCopy);
      }
      return true;
    },
  };
}

/** appcmd.exe: never throws, a refusal is an exit code and a text on stdout. */
export function createAppcmd(world: AppcmdWorld): (args: readonly string[]) => Promise<AppcmdResult> {
  const { backups } = world;

  const encode = ansiEncoder(world.ansiCodePage ?? 1252);

  const run = async (command: AppcmdCommand): Promise<AppcmdText> => {
    if (!world.elevated) {
      const reason =
        'Configuration error\r\nFilename: redirection.config\r\nDescription: Cannot read configuration file due to insufficient permissions. ';
      throw new AppcmdRefusal(ACCESS_DENIED, reason);
    }
    switch (`${command.verb} ${command.object}`) {
      case 'list site':
        return listSites(world.sites, command);
      case 'list app':
        return listRows(command, applicationRows(world.sites), 'APP.NAME');
      case 'list vdir':
        return listRows(command, virtualDirectoryRows(world.sites), 'VDIR.NAME');
      case 'list config':
        return listConfiguration(world.configuration, command);
      case 'list backup':
        return listRows(
          command,
          backups.names().map((name) => ['BACKUP', { 'BACKUP.NAME': name }]),
          'BACKUP.NAME',
        );
      case 'set site': {
        const site = requireSite(world, command);
        changeAll(site.element, command);
        await world.changed();
        return appcmdText(`SITE object "${site.inventory.name}" changed`);
      }
      case 'set config':
      case 'clear config':
        await setConfiguration(world, command);
        return appcmdText(
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
        return appcmdText(`SITE object "${site.inventory.name}" deleted`);
      }
      case 'start site':
      case 'stop site': {
        const site = requireSite(world, command);
        const running = command.verb === 'start';
        if (!site.known) {
          throw new AppcmdRefusal(OBJECT_NOT_FOUND, 'The object identifier does not represent a valid object. ');
        }
        world.sites.want(site.element, running);
        await world.changed();
        const conflict = world.sites.all().find(({ element }) => element === site.element)?.conflict ?? null;
        if (conflict !== null) {
          throw new AppcmdRefusal(ALREADY_EXISTS, 'Cannot create a file when that file already exists. ');
        }
        return appcmdText(`"${site.inventory.name}" successfully ${running ? 'started' : 'stopped'}.`);
      }
      case 'add backup': {
        const name = command.identifier ?? new Date().toISOString().replace(/\D/g, '').slice(0, 14);
        if (!backups.add(name)) throw new AppcmdRefusal(ALREADY_EXISTS, `Failed to add duplicate backup "${name}".`);
        return appcmdText(`BACKUP object "${name}" added`);
      }
      case 'delete backup': {
        const name = command.identifier ?? '';
        if (!backups.remove(name)) throw notFound('BACKUP', name);
        return appcmdText(`BACKUP object "${name}" deleted`);
      }
      case 'restore backup': {
        if (!backups.restore(command.identifier ?? '')) throw notFound('BACKUP', command.identifier ?? '');
        await world.changed();
        return appcmdText(`Restored configuration from backup "${command.identifier}"`);
      }
      default:
        throw new AppcmdRefusal(INVALID_PARAMETER, `Object '${command.object}' or command is not supported. `);
    }
  };

  const answer = async (args: readonly string[]): Promise<AppcmdText> => {
    try {
      const command = parseAppcmdArguments(args);
      if (command === null) throw new AppcmdRefusal(INVALID_PARAMETER, 'Failed to process input: the syntax is wrong.');
      return await run(command);
    } catch (error) {
      if (!(error instanceof AppcmdRefusal)) throw error;
      return appcmdText(`ERROR ( message:${error.message} )`, error.exitCode);
    }
  };

  return async (args) => {
    const { exitCode, text } = await answer(args);
    return { exitCode, stdout: encode(text) };
  };
}

async function setConfiguration(world: AppcmdWorld, command: AppcmdCommand): Promise<void> {
  requireSitesSection(command);
  const [section] = world.configuration.sections;
  if (section === undefined) throw notFound('CONFIG', 'system.applicationHost/sites');
  for (const { name, value } of settings(command)) refuse(world.refuses ?? [], name, value);
  changeAll(section, command);
  await world.changed();
}

// All or nothing: when one parameter is refused, none takes effect.
function changeAll(element: MutableElement, command: AppcmdCommand): void {
  const copy = mutableCopy(element);
  for (const { name, value } of settings(command)) {
    if (command.verb === 'clear') clearElement(copy, name);
    else changeElement(copy, name, value);
  }
  element.attributes = copy.attributes;
  element.children = copy.children;
}

async function addSite(world: AppcmdWorld, command: AppcmdCommand): Promise<AppcmdText> {
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
  return appcmdText(`SITE object "${name}" added`);
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
