import { oldBelief } from '../../beliefs/old-belief.ts';

/** The ANSI code page of a machine; utf-8 is Windows' option "Use Unicode UTF-8 for worldwide language support". */
export type AnsiCodePage = 1250 | 1252 | 'utf-8';

/**
 * Text as appcmd writes it to a pipe: in the machine's ANSI code page, whatever its XML declaration says. A letter
 * without a place there becomes `?`. microsoft/azure-pipelines-extensions #851.
 */
export function ansiEncoder(codePage: AnsiCodePage): (text: string) => Buffer {
  if (codePage === 'utf-8' || oldBelief('D2')) return (text) => Buffer.from(text);
  const decoder = new TextDecoder(`windows-${codePage}`);
  const octets = new Map(Array.from({ length: 256 }, (_, octet) => [decoder.decode(Uint8Array.of(octet)), octet]));
  const unknown = '?'.charCodeAt(0);
  return (text) => Buffer.from(Array.from({ length: text.length }, (_, at) => octets.get(text[at] ?? '') ?? unknown));
}
