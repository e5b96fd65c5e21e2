import { childrenNamed, elementsAt, readXml, type XmlElement } from '../../../src/iis/config/application-host-xml.ts';

/** File extension (in lower case, with its dot; '.' = no extension, '.*' = any) to content type. */
export type MimeMap = ReadonlyMap<string, string>;

// The types of a fresh IIS, as far as the lab serves them. Files without an extension have none.
const builtIn: MimeMap = new Map(
  Object.entries({
    '.css': 'text/css',
    '.gif': 'image/gif',
    '.htm': 'text/html',
    '.html': 'text/html',
    '.ico': 'image/x-icon',
    '.jpg': 'image/jpeg',
    '.js': 'application/javascript',
    '.json': 'application/json',
    '.pdf': 'application/pdf',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain',
    '.woff2': 'font/woff2',
    '.xml': 'text/xml',
    '.zip': 'application/x-zip-compressed',
  }),
);

/** A configuration that IIS refuses to work with: it responds with 500.19. */
export class ContentConfigurationError extends Error {}

/** The types of a server: those of its applicationHost.config, or the built-in ones where that has none. */
export function serverMimeMap(staticContents: readonly XmlElement[]): MimeMap {
  if (staticContents.length === 0) return builtIn;
  const map = new Map<string, string>();
  // Duplicates within the server's own list are let through: real files have some.
  for (const { attributes } of staticContents.flatMap((section) => childrenNamed(section, 'mimeMap'))) {
    map.set((attributes['fileExtension'] ?? '').toLowerCase(), attributes['mimeType'] ?? '');
  }
  return map;
}

/**
 * The types that result from a web.config and the types above it: `clear`, `remove` and `mimeMap` of
 * system.webServer/staticContent, in order. Throws ContentConfigurationError where IIS does: no XML, another root
 * element, a second entry for an extension, an incomplete entry.
 */
export function applyWebConfig(inherited: MimeMap, octets: Uint8Array): MimeMap {
  let root: XmlElement;
  try {
    root = readXml(octets);
  } catch (error) {
    throw new ContentConfigurationError('web.config is no well-formed XML', { cause: error });
  }
  if (root.name !== 'configuration') throw new ContentConfigurationError('the root element is not configuration');
  const holders = [
    root,
    ...childrenNamed(root, 'location').filter(({ attributes }) => ['', '.'].includes(attributes['path'] ?? '')),
  ];
  const map = new Map(inherited);
  for (const entry of holders.flatMap((holder) => elementsAt(holder, 'system.webServer', 'staticContent'))) {
    for (const { name, attributes } of entry.children) {
      const extension = attributes['fileExtension']?.toLowerCase();
      const type = attributes['mimeType'];
      if (name === 'clear') map.clear();
      else if (name === 'remove' && extension !== undefined) map.delete(extension);
      else if (name === 'mimeMap' && extension !== undefined && type !== undefined) {
        if (map.has(extension)) throw new ContentConfigurationError(`there is a mimeMap for ${extension} already`);
        map.set(extension, type);
      } else if (name !== 'clientCache') throw new ContentConfigurationError(`unexpected ${name} in staticContent`);
    }
  }
  return map;
}

/** The content type of a file; null where IIS responds with 404.3. */
export function contentTypeOf(map: MimeMap, fileName: string): string | null {
  const dot = fileName.lastIndexOf('.');
  const extension = dot < 0 ? '.' : fileName.slice(dot).toLowerCase();
  return map.get(extension) ?? map.get('.*') ?? map.get('*') ?? null;
}
