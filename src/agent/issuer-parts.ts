import { readFile } from 'node:fs/promises';
import type { IssuerConfig } from '../config/types.ts';
import { EverbindError } from '../errors/error.ts';
import { bundledRoots, systemRoots } from '../net/roots.ts';
import { createTransport, type NetTransport } from '../net/transport.ts';
import { parsePemRoots } from '../pki/asn1/pem.ts';
import { VERSION } from './version.ts';

/** The connection to a CA: Node's roots and the system's, and those of the configuration. */
export async function openTransport(issuer: IssuerConfig): Promise<NetTransport> {
  return createTransport({
    roots: await readAll(issuer.trustRoots),
    systemRoots: true,
    allowInsecureLoopback: issuer.allowInsecureLoopback,
  });
}

/**
 * The connection to a DNS host: Node's roots and the system's; or, plain and past every proxy, to the metadata of a
 * cloud's machine.
 */
export function openHostTransport(plain: { readonly loopback: boolean } | 'metadata'): NetTransport {
  const userAgent = `everbind/${VERSION}`;
  return plain === 'metadata'
    ? createTransport({ plainHost: '169.254.169.254', proxy: null, userAgent })
    : createTransport({ systemRoots: true, allowInsecureLoopback: plain.loopback, userAgent });
}

/**
 * Roots that certificates of this issuer may end in: those named in the configuration, or else Node's and the system's.
 */
export async function certificateRoots(issuer: IssuerConfig): Promise<readonly Uint8Array[]> {
  const own = await readAll(issuer.certificateRoots);
  // A private CA is named on purpose; the web's roots have no business there.
  const texts = own.length > 0 ? own : [...bundledRoots(), ...systemRoots()];
  return texts.flatMap((text) => parsePemRoots(text));
}

/**
 * Roots that visitors of this machine's sites know: Mozilla's, and those that the configuration names for its CAs. Not
 * the machine's own, which may be nowhere else.
 */
export async function visitorRoots(issuers: readonly IssuerConfig[]): Promise<readonly Uint8Array[]> {
  const own = await readAll([...new Set(issuers.flatMap((issuer) => issuer.certificateRoots))]);
  return [...bundledRoots(), ...own].flatMap((text) => parsePemRoots(text));
}

async function readAll(files: readonly string[]): Promise<string[]> {
  return Promise.all(
    files.map((file) =>
      readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new EverbindError(
          'CONFIG_UNREADABLE',
          `${file}: ${error.code ?? 'unreadable'}`,
          { file },
          { cause: error },
        );
      }),
    ),
  );
}
