import * as z from 'zod';
import { parseServer } from '../../dns/wire/server-text.ts';
import { EverbindError } from '../../errors/error.ts';
import { dnsNameProblem, type Identifier, parseIdentifier } from '../../pki/x509/names.ts';
import { isProgramPath, isWindowsAbsolute } from '../check/path.ts';
import { text } from './values.ts';

// Values whose syntax is more than a pattern. They are part of the schema, so that one wrong value hides no other.

/** A DNS name or IP address; its output is canonical. */
export function certificateName() {
  const expected = 'a DNS name or an IP address';
  return text({ expected, max: 255 }).transform((written, context): Identifier => {
    const read = readName(written);
    if ('identifier' in read) return read.identifier;
    context.issues.push({ code: 'custom', message: expected, input: written, params: { reason: read.reason } });
    return z.NEVER;
  });
}

/** `*`, `*.example.com`, a name or an address; its output is canonical. */
export function namePattern() {
  const expected = 'a name, an IP address, *.NAME or "*"';
  return text({ expected, max: 255 }).transform((written, context): string => {
    const read = written === '*' ? null : readName(written);
    if (read === null) return written;
    if ('identifier' in read) return read.identifier.value;
    context.issues.push({ code: 'custom', message: expected, input: written, params: { reason: read.reason } });
    return z.NEVER;
  });
}

/** The check of the issuer decides about plain http. */
export function directoryUrl() {
  const expected = 'an https URL without user name and fragment';
  return text({ expected, max: 2048 }).refine(
    (written) => {
      const url = URL.parse(written);
      const http = url?.protocol === 'https:' || url?.protocol === 'http:';
      return http && url.username === '' && url.password === '' && url.hash === '';
    },
    { error: expected },
  );
}

/** Address of a DNS server, with a port when it is not 53. */
export function dnsServer() {
  const expected = 'the address of a DNS server, such as 1.1.1.1 or [2606:4700:4700::1111]:53';
  return text({ expected, max: 64 }).refine(isServer, { error: expected });
}

function isServer(written: string): boolean {
  try {
    parseServer(written);
    return true;
  } catch {
    return false;
  }
}

/** A directory, or `false` for none. */
export function stagingUrl() {
  const error = 'an https URL without user name and fragment, or false';
  return z.union([directoryUrl(), z.literal(false)], { error });
}

export function windowsFolder() {
  const expected = 'an absolute Windows path of a folder, such as C:\\inetpub\\wwwroot';
  return text({ expected, max: 1024 }).refine(isWindowsAbsolute, { error: expected });
}

/** A program and its arguments. */
export function commandLine() {
  const error = 'text: the program or one of its arguments';
  const argument = z
    .string({ error })
    .max(4096, { error })
    .regex(/^[^\0]*$/, { error });
  const list = 'a list of 1 to 64 texts: a program and its arguments';
  return z
    .array(argument, { error: list })
    .min(1, { error: list })
    .max(64, { error: list })
    .check((context) => {
      const program = context.value[0];
      if (typeof program !== 'string') return;
      const wrong = programProblem(program);
      if (wrong !== null) {
        context.issues.push({ code: 'custom', message: wrong, input: program, path: [0] });
      }
    });
}

function programProblem(program: string): string | null {
  if (/\.(cmd|bat)$/i.test(program)) {
    return 'a program and no batch file: cmd.exe would read the arguments as commands';
  }
  return isProgramPath(program)
    ? null
    : 'the path of a program, absolute or from the folder of this file (./NAME); bare names are not searched for';
}

function readName(text: string): { readonly identifier: Identifier } | { readonly reason: string | null } {
  try {
    return { identifier: parseIdentifier(text) };
  } catch (error) {
    if (!(error instanceof EverbindError) || error.code !== 'PKI_NAME_INVALID') throw error;
    return { reason: /^[\x21-\x7e]+$/.test(text) ? dnsNameProblem(text.toLowerCase()) : null };
  }
}
