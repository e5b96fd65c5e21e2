import { EverbindError } from '../../errors/error.ts';
import { readSites, type RawSites } from './application-host-sites.ts';
import { childrenNamed, readXml, type XmlElement } from './application-host-xml.ts';
import type { SiteState } from './inventory-types.ts';

/**
 * One `<SITE>` of `appcmd list site`. Its name is left out: redirected output is in the ANSI code page of the machine,
 * whatever its XML declaration says, and a letter that this has no place for is a `?`.
 */
export interface ListedSite {
  /** SITE.ID; null when there is none. */
  readonly id: string | null;
  readonly state: SiteState;
}

/** `appcmd list site /xml`. Throws IIS_APPCMD_OUTPUT_INVALID. */
export function parseSiteList(stdout: Uint8Array): readonly ListedSite[] {
  let sites: readonly XmlElement[];
  try {
    sites = elements(stdout, 'SITE');
  } catch (error) {
    const spoiled = spoiledSites(decode(stdout));
    if (spoiled.length > 0) return spoiled;
    throw error;
  }
  return sites.map(({ attributes }) => ({
    id: attributes['SITE.ID'] ?? null,
    state: parseState(attributes['state']),
  }));
}

/**
 * The sites of a whole list, a line each, that is no XML: where a code page lacks a letter, Windows writes one that
 * looks like it, such as `&` for U+FF06, after appcmd has escaped the name.
 */
function spoiledSites(text: string): readonly ListedSite[] {
  if (!text.includes('<appcmd>') || !text.trimEnd().endsWith('</appcmd>')) return [];
  return text.split('\n').flatMap((line) => {
    const [, id, state] = /^<SITE .* SITE\.ID="(\d{1,10})" .*state="(\w{1,20})" *\/?>$/.exec(line.trim()) ?? [];
    return id === undefined ? [] : [{ id, state: parseState(state) }];
  });
}

/**
 * `appcmd list config /section:system.applicationHost/sites /xml`, of which only numbers and ASCII text are what IIS
 * has. Throws IIS_APPCMD_OUTPUT_INVALID.
 */
export function parseSitesSection(stdout: Uint8Array): RawSites {
  const configs = elements(stdout, 'CONFIG');
  // appcmd writes the section's path with a hyphen as the element name.
  const names = ['system.applicationHost-sites', 'sites'];
  const sections = configs.flatMap((config) => config.children.filter(({ name }) => names.includes(name)));
  if (sections.length === 0) throw invalid('it holds no section system.applicationHost/sites');
  return readSites(sections);
}

/**
 * UTF-8 where it is that, otherwise one character for each octet: no second octet of a Windows code page looks like
 * markup of XML, so that the elements are right and only letters beyond ASCII are wrong.
 */
function decode(stdout: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(stdout);
  } catch {
    return new TextDecoder('latin1').decode(stdout);
  }
}

function elements(stdout: Uint8Array, name: string): readonly XmlElement[] {
  let root: XmlElement;
  try {
    root = readXml(decode(stdout));
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
