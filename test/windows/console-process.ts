import { consoleUtf8 } from '../../src/windows/console-text.ts';
import { loadNative } from '../../src/windows/ffi/native.ts';

// Prints what becomes of octets (hexadecimal arguments) that a console program wrote, and the code page of the console.

const native = await loadNative();
const texts = process.argv.slice(2).map((hex) => Buffer.from(consoleUtf8(native, Buffer.from(hex, 'hex'))).toString());
console.log(JSON.stringify({ codePage: native.kernel32.GetOEMCP(), texts }));
