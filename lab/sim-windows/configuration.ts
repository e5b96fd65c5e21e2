import { EverbindError } from '../../src/errors/error.ts';
import { parseApplicationHost } from '../../src/iis/config/application-host.ts';
import { ftpCertificate, siteInventory } from '../../src/iis/config/application-host-inventory.ts';
import { readSite, readSites } from '../../src/iis/config/application-host-sites.ts';
import { childrenNamed, readXml } from '../../src/iis/config/application-host-xml.ts';
import type { FtpCertificate, SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { type MutableElement, mutableCopy, writeElement } from './xml-writer.ts';

/** The applicationHost.config that the simulated IIS runs on. */
export interface SimConfiguration {
  /** The whole document. */
  readonly root: MutableElement;
  /** The `<sites>` elements; the first takes new sites. */
  readonly sections: readonly MutableElement[];
  /** `<site>` elements in order. */
  siteElements(): readonly MutableElement[];
  /** A site as its element describes it, defaults of the section included; the caller gives `state`. */
  inventoryOf(element: MutableElement, state: SiteInventory['state']): SiteInventory;
  /** The FTP certificate of siteDefaults. */
  ftpDefaults(): FtpCertificate | null;
  /** Elements at a path below the root; `<location path="">` and `"."` count as the root. */
  elementsBelowRoot(...path: readonly string[]): readonly MutableElement[];
  /** The document as IIS would write it after a change. */
  write(): Buffer;
}

/** Loads a configuration. Throws IIS_CONFIG_INVALID. */
export function loadConfiguration(octets: Uint8Array): SimConfiguration {
  // For its checks: the double refuses what the product's parser refuses.
  const { root: rootName, hasSites } = parseApplicationHost(octets);
  // IIS does not start with it.
  if (rootName !== 'configuration' || !hasSites) {
    const message = `<${rootName}> is no configuration of a server with a section system.applicationHost/sites`;
    throw new EverbindError('IIS_CONFIG_INVALID', message);
  }
  const root = mutableCopy(readXml(octets));
  const named = (element: MutableElement, name: string): readonly MutableElement[] =>
    childrenNamed(element, name) as readonly MutableElement[];
  const holders = (): readonly MutableElement[] => [
    root,
    ...named(root, 'location').filter(({ attributes }) => ['', '.'].includes(attributes['path'] ?? '')),
  ];
  const elementsBelowRoot = (...path: readonly string[]): readonly MutableElement[] => {
    let level = holders();
    for (const name of path) level = level.flatMap((parent) => named(parent, name));
    return level;
  };
  const sections = elementsBelowRoot('system.applicationHost', 'sites');
  return {
    root,
    sections,
    elementsBelowRoot,
    siteElements: () => sections.flatMap((section) => named(section, 'site')),
    inventoryOf: (element, state) => siteInventory(readSite(element), readSites(sections), state),
    ftpDefaults: () => ftpCertificate(readSites(sections).siteDefaults.ftpServer),
    write: () => Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n${writeElement(root)}`),
  };
}
