import { childrenNamed, elementsAt, type XmlAttributes, type XmlElement } from './application-host-xml.ts';

// Raw values: what the file has, null where it has nothing. application-host-inventory.ts does what IIS makes of them.

/** A `<binding>` with all its attributes, also unknown ones. */
export interface RawBinding {
  readonly attributes: XmlAttributes;
}

export interface RawVirtualDirectory {
  readonly path: string | null;
  readonly physicalPath: string | null;
  readonly attributes: XmlAttributes;
}

export interface RawApplication {
  readonly path: string | null;
  readonly applicationPool: string | null;
  readonly enabledProtocols: string | null;
  readonly attributes: XmlAttributes;
  readonly virtualDirectories: readonly RawVirtualDirectory[];
  readonly virtualDirectoryDefaults: XmlAttributes;
}

/** `<ftpServer>`; `ssl` is its `security/ssl` element. */
export interface RawFtpServer {
  readonly attributes: XmlAttributes;
  readonly ssl: XmlAttributes | null;
}

export interface RawSite {
  readonly name: string | null;
  readonly id: string | null;
  readonly serverAutoStart: string | null;
  readonly attributes: XmlAttributes;
  /** Whether there is a `<bindings>` element: without one the site has the bindings of siteDefaults. */
  readonly declaresBindings: boolean;
  readonly bindings: readonly RawBinding[];
  readonly applications: readonly RawApplication[];
  readonly virtualDirectoryDefaults: XmlAttributes;
  readonly hsts: XmlAttributes | null;
  readonly ftpServer: RawFtpServer | null;
}

/** Section system.applicationHost/sites. */
export interface RawSites {
  readonly sites: readonly RawSite[];
  readonly siteDefaults: Omit<RawSite, 'name' | 'id' | 'applications' | 'virtualDirectoryDefaults'>;
  readonly applicationDefaults: XmlAttributes;
  readonly virtualDirectoryDefaults: XmlAttributes;
  /** Whether the section is in another file. */
  readonly configSource: string | null;
}

/** Reads `<sites>` elements as one section; hand-made files have several. */
export function readSites(sections: readonly XmlElement[]): RawSites {
  const all = (name: string): readonly XmlElement[] => sections.flatMap((section) => childrenNamed(section, name));
  const defaults: XmlElement = merged('siteDefaults', all('siteDefaults'));
  return {
    sites: all('site').map(readSite),
    siteDefaults: readSiteSettings(defaults),
    applicationDefaults: merged('', all('applicationDefaults')).attributes,
    virtualDirectoryDefaults: merged('', all('virtualDirectoryDefaults')).attributes,
    configSource:
      sections.map((section) => section.attributes['configSource']).find((source) => source !== undefined) ?? null,
  };
}

/** Reads one `<site>`. */
export function readSite(element: XmlElement): RawSite {
  return {
    name: element.attributes['name'] ?? null,
    id: element.attributes['id'] ?? null,
    ...readSiteSettings(element),
    applications: childrenNamed(element, 'application').map(readApplication),
    virtualDirectoryDefaults: merged('', childrenNamed(element, 'virtualDirectoryDefaults')).attributes,
  };
}

function readSiteSettings(element: XmlElement): RawSites['siteDefaults'] {
  const ftp = childrenNamed(element, 'ftpServer');
  return {
    serverAutoStart: element.attributes['serverAutoStart'] ?? null,
    attributes: element.attributes,
    declaresBindings: childrenNamed(element, 'bindings').length > 0,
    bindings: elementsAt(element, 'bindings', 'binding').map(({ attributes }) => ({ attributes })),
    hsts: childrenNamed(element, 'hsts')[0]?.attributes ?? null,
    ftpServer: ftp[0] === undefined ? null : readFtpServer(merged('ftpServer', ftp)),
  };
}

function readFtpServer(element: XmlElement): RawFtpServer {
  return { attributes: element.attributes, ssl: elementsAt(element, 'security', 'ssl')[0]?.attributes ?? null };
}

function readApplication(element: XmlElement): RawApplication {
  return {
    path: element.attributes['path'] ?? null,
    applicationPool: element.attributes['applicationPool'] ?? null,
    enabledProtocols: element.attributes['enabledProtocols'] ?? null,
    attributes: element.attributes,
    virtualDirectories: childrenNamed(element, 'virtualDirectory').map(({ attributes }) => ({
      path: attributes['path'] ?? null,
      physicalPath: attributes['physicalPath'] ?? null,
      attributes,
    })),
    virtualDirectoryDefaults: merged('', childrenNamed(element, 'virtualDirectoryDefaults')).attributes,
  };
}

function merged(name: string, elements: readonly XmlElement[]): XmlElement {
  return {
    name,
    attributes: Object.assign({}, ...elements.map((element) => element.attributes)) as XmlAttributes,
    children: elements.flatMap((element) => element.children),
  };
}
