import { EverbindError } from '../../errors/error.ts';

export interface PemLimits {
  /** Longest text that is read, in characters. */
  readonly maxCharacters: number;
  readonly maxCertificates: number;
}

/** What a CA may send for one certificate: a leaf with 1,000 names and a handful of intermediates. */
export const CHAIN_LIMITS: PemLimits = { maxCharacters: 1024 * 1024, maxCertificates: 16 };
/** A file of trusted roots. */
export const ROOTS_LIMITS: PemLimits = { maxCharacters: 8 * 1024 * 1024, maxCertificates: 2000 };

/**
 * The certificates of a text that holds nothing else (RFC 8555 section 9.1, RFC 7468 strict), at least one. White space
 * between the blocks is let through. Throws PKI_PEM_INVALID, also for any other kind of block.
 */
export function parsePemCertificates(text: string, limits: PemLimits = CHAIN_LIMITS): Uint8Array[] {
  return blocks(text, limits, true);
}

/**
 * The chain in the response of a CA. Text between the blocks, which RFC 8555 section 9.1 forbids, is passed over
 * (certbot/certbot#6321); other kinds of blocks are refused. Throws PKI_PEM_INVALID.
 */
export function parsePemChain(text: string): Uint8Array[] {
  return blocks(text, CHAIN_LIMITS, false);
}

/**
 * The certificates of a file of roots, which has comments between the blocks; other kinds of blocks are refused. Throws
 * PKI_PEM_INVALID.
 */
export function parsePemRoots(text: string, limits: PemLimits = ROOTS_LIMITS): Uint8Array[] {
  return blocks(text, limits, false);
}

/** One PEM block, lines of 64 characters. */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const BEGIN = '-----BEGIN ';
const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const END_CERTIFICATE = '-----END CERTIFICATE-----';

function blocks(text: string, limits: PemLimits, strict: boolean): Uint8Array[] {
  if (text.length > limits.maxCharacters) throw invalid('it is too long', text.length);
  const found: Uint8Array[] = [];
  let position = 0;
  for (;;) {
    const begin = text.indexOf(BEGIN, position);
    const between = text.slice(position, begin < 0 ? undefined : begin);
    if (strict && /[^ \t\r\n]/.test(between)) throw invalid('there is text outside the blocks', position);
    if (begin < 0) break;
    if (!text.startsWith(BEGIN_CERTIFICATE, begin)) throw invalid('a block is not a certificate', begin);
    if (found.length === limits.maxCertificates) throw invalid('there are too many certificates', begin);
    const body = begin + BEGIN_CERTIFICATE.length;
    const end = text.indexOf(END_CERTIFICATE, body);
    if (end < 0) throw invalid('a block does not end', begin);
    found.push(decodeBase64(text.slice(body, end), body));
    position = end + END_CERTIFICATE.length;
  }
  if (found.length === 0) throw invalid('there is no certificate', 0);
  return found;
}

function decodeBase64(body: string, position: number): Uint8Array {
  const base64 = body.replace(/[ \t\r\n]+/g, '');
  // The pattern also refuses padding bits that are set: one certificate, one text.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+(?:[AEIMQUYcgkosw048]=|[AQgw]==)?$/.test(base64)) {
    throw invalid('a block is not base64', position);
  }
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function invalid(problem: string, offset: number): EverbindError {
  return new EverbindError('PKI_PEM_INVALID', `Not a PEM certificate chain: ${problem}, at character ${offset}`, {
    offset,
  });
}
