import { EverbindError } from '../../errors/error.ts';

/** Upper bound of an IIS configuration in octets; the largest known one is far below 1 MiB. */
export const MAX_CONFIGURATION_OCTETS = 16 * 1024 * 1024;

/** Why a configuration was refused. */
export type ConfigurationProblem = 'too-large' | 'encoding' | 'dtd' | 'too-deep' | 'too-many-elements' | 'xml';

/** IIS_CONFIG_INVALID at a line and column (both from 1). */
export function configurationError(
  problem: ConfigurationProblem,
  line: number,
  column: number,
  text: string,
): EverbindError {
  return new EverbindError('IIS_CONFIG_INVALID', `line ${line}, column ${column}: ${text}`, { problem, line, column });
}

/**
 * Decodes an XML file: UTF-16 and UTF-8 by their byte order mark, otherwise by the declared encoding, UTF-8 when none
 * is declared (XML 1.0 appendix F). Octets that do not fit the encoding are refused, never replaced. Throws
 * IIS_CONFIG_INVALID.
 */
export function decodeXml(octets: Uint8Array): string {
  if (octets.length > MAX_CONFIGURATION_OCTETS) {
    throw configurationError('too-large', 1, 1, `the file has more than ${MAX_CONFIGURATION_OCTETS} octets`);
  }
  const label = encodingOf(octets);
  try {
    return new TextDecoder(label, { fatal: true }).decode(octets);
  } catch {
    const replaced = new TextDecoder(label).decode(octets);
    const before = replaced.slice(0, Math.max(replaced.indexOf('\ufffd'), 0)).split('\n');
    const column = (before.at(-1) ?? '').length + 1;
    throw configurationError('encoding', before.length, column, `an octet here is not ${label.toUpperCase()}`);
  }
}

function encodingOf(octets: Uint8Array): string {
  const [first = 0, second = 0, third = 0] = octets;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first === 0 && second === 0x3c) return 'utf-16be';
  const head = new TextDecoder('latin1').decode(octets.subarray(0, 256));
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']/.exec(
    head,
  )?.[1];
  if (declared === undefined || (first === 0xef && second === 0xbb && third === 0xbf && !/^utf-?16/i.test(declared))) {
    return 'utf-8';
  }
  let label: string;
  try {
    label = new TextDecoder(declared).encoding;
  } catch {
    throw configurationError('encoding', 1, 1, `the encoding ${declared} is unknown`);
  }
  // A file that declares UTF-16 and has no zero octets was saved in another encoding; XML readers refuse it.
  if (label.startsWith('utf-16')) throw configurationError('encoding', 1, 1, `the text says ${declared} but is not`);
  return label;
}
