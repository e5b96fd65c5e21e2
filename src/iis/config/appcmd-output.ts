import { EverbindError } from '../../errors/error.ts';
import { readSite, readSites, type RawSite, type RawSites } from './application-host-sites.ts';
import { childrenNamed, readXml, type XmlElement } from './application-host-xml.ts';
import type { SiteState } from './inventory-types.ts';

/** One `<SITE>` of `appcmd list site`. */
export interface AppcmdSite {
  readonly name: string;
  readonly id: string | null;
  readonly state: SiteState;
  /** The `<site>` element that `/config` adds; null without `/config`. */
  readonly configuration: RawSite | null;
  /** From the `bindings` attribute, which has no sslFlags. */
  readonly bindings: readonly { readonly protocol: string; readonly bindingInformation: string }[];
}

/** One `<VDIR>` of `appcmd list vdir`. */
export interface AppcmdVirtualDirectory {
  /** Site and application path together: `Shop/` or `Shop/api`. */
  readonly application: string;
  readonly path: string;
  /** Environment variables unexpanded. */
  readonly physicalPath: string;
}

/** `appcmd list site /xml`, with `/config` or without. Throws IIS_APPCMD_OUTPUT_INVALID. */
export function parseSiteList(stdout: Uint8Array): readonly AppcmdSite[] {
  return elements(stdout, 'SITE').map((element) => {
    const configuration = childrenNamed(element, 'site')[0];
    return {
      name: element.attributes['SITE.NAME'] ?? '',
      id: element.attributes['SITE.ID'] ?? null,
      state: parseState(element.attributes['state']),
      configuration: configuration === undefined ? null : readSite(configuration),
      bindings: parseBindingsAttribute(element.attributes['bindings'] ?? ''),
    };
  });
}

/** `appcmd list vdir /xml`. Throws IIS_APPCMD_OUTPUT_INVALID. */
export function parseVirtualDirectoryList(stdout: Uint8Array): readonly AppcmdVirtualDirectory[] {
  return elements(stdout, 'VDIR').map(({ attributes }) => ({
    application: attributes['APP.NAME'] ?? '',
    path: attributes['path'] ?? '',
    physicalPath: attributes['physicalPath'] ?? '',
  }));
}

/** `appcmd list config /section:system.applicationHost/sites /xml`. Throws IIS_APPCMD_OUTPUT_INVALID. */
export function parseSitesSection(stdout: Uint8Array): RawSites {
  const configs = elements(stdout, 'CONFIG');
  // appcmd writes the section's path with a hyphen as the element name.
  const names = ['system.applicationHost-sites', 'sites'];
  const sections = configs.flatMap((config) => config.children.filter(({ name }) => names.includes(name)));
  if (sections.length === 0) throw invalid('it holds no section system.applicationHost/sites');
  return readSites(sections);
}

/**
 * The text of redirected appcmd output: UTF-8, as its XML declaration says, or else Latin-1. In the latter case appcmd
 * wrote in a code page of the system that we cannot know: `exact` is false, and names with other letters are
 * unreliable.
 */
export function decodeAppcmdOutput(stdout: Uint8Array): { readonly text: string; readonly exact: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(stdout), exact: true };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(stdout), exact: false };
  }
}

function elements(stdout: Uint8Array, name: string): readonly XmlElement[] {
  let root: XmlElement;
  try {
    root = readXml(decodeAppcmdOutput(stdout).text);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'it is no XML', error);
  }
  if (root.name !== 'appcmd') throw invalid(`its root element is <${root.name.slice(0, 100)}>`);
  return childrenNamed(root, name);
}

function invalid(reason: string, cause?: unknown): EverbindError {
  return new EverbindError('IIS_APPCMD_OUTPUT_INVALID', `appcmd's output cannot be used: ${reason}`, {}, { cause });
}

function parseState(text: string | undefined): SiteState {
  return text === 'Started' || text === 'Stopped' ? text : 'Unknown';
}

// `http/*:80:,https/*:443:www.example.com`: a comma separates two bindings only before a protocol.
function parseBindingsAttribute(text: string): AppcmdSite['bindings'] {
  if (text === '') return [];
  return text.split(/,(?=[A-Za-z][A-Za-z0-9.+-]*\/)/).map((part) => {
    const slash = part.indexOf('/');
    return { protocol: slash < 0 ? '' : part.slice(0, slash), bindingInformation: part.slice(slash + 1) };
  });
}
