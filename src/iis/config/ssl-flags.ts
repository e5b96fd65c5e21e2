/** Bits of `sslFlags` of an IIS binding. */
export const SSL_FLAG = {
  sni: 1,
  centralStore: 2,
  disableHttp2: 4,
  disableOcspStapling: 8,
  disableQuic: 16,
  disableTls13: 32,
  disableLegacyTls: 64,
  negotiateClientCert: 128,
} as const;

/**
 * Reads sslFlags; the default is 0. Returns null when the text is not an unsigned 32-bit number (decimal or 0x…): IIS
 * would refuse it too.
 */
export function parseSslFlags(text: string | undefined): number | null {
  if (text === undefined) return 0;
  if (!/^(?:[0-9]{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(text)) return null;
  const flags = Number(text);
  return flags <= 0xffffffff ? flags : null;
}

/** Whether every bit of `bit` is set in `flags`. */
export function hasFlag(flags: number, bit: number): boolean {
  return (flags & bit) === bit;
}

// DefaultFlags of HTTP_SERVICE_CONFIG_SSL_PARAM that IIS sets for a binding with this bit. SNI and central store decide
// the kind of record instead.
const recordFlags: readonly (readonly [sslFlag: number, recordFlag: number])[] = [
  [SSL_FLAG.disableHttp2, 0x10],
  [SSL_FLAG.disableOcspStapling, 0x80],
  [SSL_FLAG.disableQuic, 0x20],
  [SSL_FLAG.disableTls13, 0x40],
  [SSL_FLAG.disableLegacyTls, 0x400],
  [SSL_FLAG.negotiateClientCert, 0x2],
];

const known = recordFlags.reduce((bits, [sslFlag]) => bits | sslFlag, SSL_FLAG.sni | SSL_FLAG.centralStore);

/**
 * DefaultFlags of a new http.sys record for a binding with these sslFlags, and the bits without a meaning that we know.
 */
export function recordFlagsFor(sslFlags: number): { readonly flags: number; readonly unknown: number } {
  let flags = 0;
  for (const [sslFlag, recordFlag] of recordFlags) if (hasFlag(sslFlags, sslFlag)) flags |= recordFlag;
  return { flags, unknown: (sslFlags & ~known) >>> 0 };
}
