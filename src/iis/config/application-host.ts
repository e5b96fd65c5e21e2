import { readSites, type RawSite, type RawSites } from './application-host-sites.ts';
import { childrenNamed, elementsAt, readXml, type XmlAttributes, type XmlElement } from './application-host-xml.ts';

/** An applicationHost.config as written: no defaults applied, nothing odd dropped. */
export interface IisConfiguration extends RawSites {
  /** Name of the root element: `configuration` in a server's own file. */
  readonly root: string;
  /** Whether there is a section system.applicationHost/sites, as in every server's own file. */
  readonly hasSites: boolean;
  /**
   * Sites of a fragment (root `site`, `sites`, `siteDefaults`, `system.applicationHost`), as manuals print them. They
   * belong to no server and so are not among `sites`.
   */
  readonly fragmentSites: readonly RawSite[];
  /** Names as written; null for an entry without one. */
  readonly applicationPools: readonly (string | null)[];
  /** `<location>` elements, in order. */
  readonly locations: readonly Location[];
}

export interface Location {
  readonly path: string | null;
  readonly attributes: XmlAttributes;
}

/**
 * Parses an applicationHost.config or a fragment of one: octets (UTF-8, UTF-16, declared encodings, with a byte order
 * mark or without) or decoded text. Throws IIS_CONFIG_INVALID with line and column for what is not well-formed XML or
 * exceeds a bound.
 */
export function parseApplicationHost(source: Uint8Array | string): IisConfiguration {
  const root = readXml(source);
  const whole = root.name === 'configuration';
  // IIS also writes sections into <location path="."> and <location path=""> for the whole server.
  const holders = whole
    ? [root, ...childrenNamed(root, 'location').filter(({ attributes }) => isWholeServer(attributes['path']))]
    : [root];
  const applicationHosts = holders.flatMap((holder) => named(holder, 'system.applicationHost'));
  const sections = (applicationHosts.length > 0 || whole ? applicationHosts : holders).flatMap((host) =>
    named(host, 'sites'),
  );
  const section = readSites(sections.length > 0 || whole ? sections : [wrapped(root)]);
  const fragmentSites = whole ? [] : section.sites;
  return {
    ...section,
    sites: whole ? section.sites : [],
    root: root.name,
    hasSites: sections.length > 0,
    fragmentSites,
    applicationPools: applicationHosts
      .flatMap((host) => elementsAt(host, 'applicationPools', 'add'))
      .map(({ attributes }) => attributes['name'] ?? null),
    locations: childrenNamed(root, 'location').map(({ attributes }) => ({
      path: attributes['path'] ?? null,
      attributes,
    })),
  };
}

function isWholeServer(path: string | undefined): boolean {
  return path === undefined || path === '' || path === '.';
}

// The element itself if it has the name, otherwise its children of that name.
function named(element: XmlElement, name: string): readonly XmlElement[] {
  return element.name === name ? [element] : childrenNamed(element, name);
}

// Reads a root such as <site> or <siteDefaults> as the only content of a <sites>.
function wrapped(root: XmlElement): XmlElement {
  return { name: 'sites', attributes: {}, children: [root] };
}
