import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { decodeXml } from '../../../../src/iis/config/application-host-text.ts';
import { readXml, type XmlElement } from '../../../../src/iis/config/application-host-xml.ts';
import { AppcmdRefusal } from '../../../sim-windows/appcmd/change.ts';
import { editXml } from './edit-xml.ts';

// ERROR_FILE_INVALID: altered by another. Which code the real appcmd ends with is not documented.
const CHANGED_BY_ANOTHER = 1006;

/** An applicationHost.config that was read and may be written back. */
export interface ConfigurationFile {
  readonly octets: Buffer;
  /**
   * Writes the elements as they are in `root`, the rest of the file octet by octet as it was. Throws AppcmdRefusal when
   * another has written.
   */
  write(root: XmlElement): Promise<void>;
  /** Puts another content in its place as a whole. */
  replace(octets: Buffer): Promise<void>;
}

/** Reads the file. Throws IIS_CONFIG_INVALID, and an error for an encoding that cannot be written back. */
export function openConfigurationFile(path: string): ConfigurationFile {
  const octets = readFileSync(path);
  const text = decodeXml(octets);
  const encode = encoder(octets);
  if (!encode(text).equals(octets)) throw new Error(`${path}: this encoding cannot be written back`);
  const replace = async (content: Buffer): Promise<void> => {
    const temporary = `${path}.${process.pid}`;
    const file = openSync(temporary, 'wx');
    writeSync(file, content);
    fsyncSync(file);
    closeSync(file);
    if (!readFileSync(path).equals(octets)) {
      rmSync(temporary);
      throw new AppcmdRefusal(
        CHANGED_BY_ANOTHER,
        'Cannot commit configuration changes because the file has changed on disk',
      );
    }
    renameSync(temporary, path);
  };
  return {
    octets,
    replace,
    write: async (root) => {
      const edited = encode(editXml(text, readXml(octets), root));
      if (!edited.equals(octets)) await replace(edited);
    },
  };
}

// A text decoder takes the byte order mark away.
function encoder(octets: Buffer): (text: string) => Buffer {
  if (octets[0] === 0xff && octets[1] === 0xfe) return (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
  if (octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf) return (text) => Buffer.from(`\ufeff${text}`);
  return (text) => Buffer.from(text);
}
