import type { XmlElement } from '../../src/iis/config/application-host-xml.ts';

/** An element that appcmd can change. */
export interface MutableElement {
  name: string;
  attributes: Record<string, string>;
  children: MutableElement[];
}

/** A copy that may be changed. */
export function mutableCopy(element: XmlElement): MutableElement {
  return {
    name: element.name,
    attributes: { ...element.attributes },
    children: element.children.map(mutableCopy),
  };
}

/** An attribute's value between double quotes. */
export function escapeAttribute(value: string): string {
  return value.replace(/[&<>"\t\n\r]/g, (character) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/** The element as text, four blanks a level, CRLF after each tag, as IIS writes it. */
export function writeElement(element: XmlElement, level = 0): string {
  const indent = '    '.repeat(level);
  const attributes = Object.entries(element.attributes)
    .map(([name, value]) => ` ${localName(name)}="${escapeAttribute(value)}"`)
    .join('');
  const name = localName(element.name);
  if (element.children.length === 0) return `${indent}<${name}${attributes} />\r\n`;
  const children = element.children.map((child) => writeElement(child, level + 1)).join('');
  return `${indent}<${name}${attributes}>\r\n${children}${indent}</${name}>\r\n`;
}

// Names in a namespace are read as `{uri}local`; the configuration system knows none.
function localName(name: string): string {
  return name.slice(name.lastIndexOf('}') + 1);
}
