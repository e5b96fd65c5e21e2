import type { XmlElement } from '../../../src/iis/config/application-host-xml.ts';
import type { SimSite } from '../sites.ts';
import { writeElement } from '../xml-writer.ts';

/** How a command ends, before its text becomes octets (code-page.ts). */
export interface AppcmdText {
  readonly exitCode: number;
  readonly text: string;
}

/** appcmd's output with /xml. It declares UTF-8, whatever encoding it is written in. */
export function appcmdXml(elements: readonly XmlElement[], exitCode = 0): AppcmdText {
  const body = elements.map((element) => writeElement(element, 1)).join('');
  return { exitCode, text: `<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n${body}</appcmd>\r\n` };
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
export function appcmdText(line: string, exitCode = 0): AppcmdText {
  return { exitCode, text: line === '' ? '' : `${line}\r\n` };
}
