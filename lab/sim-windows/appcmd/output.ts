import type { AppcmdResult } from '../../../src/ports/windows-host.ts';
import type { XmlElement } from '../../../src/iis/config/application-host-xml.ts';
import type { SimSite } from '../sites.ts';
import { writeElement } from '../xml-writer.ts';

/** appcmd's output with /xml: UTF-8 without a byte order mark. */
export function appcmdXml(elements: readonly XmlElement[]): Buffer {
  const body = elements.map((element) => writeElement(element, 1)).join('');
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n${body}</appcmd>\r\n`);
}

/** `<SITE>`; with `/config` the `<site>` element inside. The bindings attribute has no sslFlags. */
export function siteXml({ element, inventory }: SimSite, withConfiguration: boolean): XmlElement {
  return {
    name: 'SITE',
    attributes: {
      'SITE.NAME': inventory.name,
      'SITE.ID': element.attributes['id'] ?? '',
      bindings: inventory.bindings.map(({ protocol, text }) => `${protocol}/${text}`).join(','),
      state: inventory.state,
    },
    children: withConfiguration ? [element] : [],
  };
}

/** Output as text, one line or several. */
export function appcmdText(line: string, exitCode = 0): AppcmdResult {
  return { exitCode, stdout: Buffer.from(line === '' ? '' : `${line}\r\n`) };
}
