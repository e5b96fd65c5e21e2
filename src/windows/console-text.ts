import { isUtf8 } from 'node:buffer';
import type { Native } from './ffi/native.ts';

/**
 * The output of a console program as UTF-8. What is no UTF-8 already is decoded from the code page of the console
 * (OEM). Which of the two appcmd writes to a pipe is not documented, and its XML says UTF-8 either way.
 */
export function consoleUtf8(native: Native, octets: Buffer): Uint8Array {
  if (octets.length === 0 || isUtf8(octets)) return new Uint8Array(octets);
  const { kernel32 } = native;
  const codePage = kernel32.GetOEMCP();
  const characters = kernel32.MultiByteToWideChar(codePage, 0, octets, octets.length, null, 0);
  if (characters === 0) throw native.lastError('MultiByteToWideChar');
  const text = Buffer.alloc(characters * 2);
  if (kernel32.MultiByteToWideChar(codePage, 0, octets, octets.length, text, characters) === 0) {
    throw native.lastError('MultiByteToWideChar');
  }
  return new Uint8Array(Buffer.from(text.toString('utf16le'), 'utf8'));
}
