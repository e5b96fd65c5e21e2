/** The media type of a response of one kind, and its limits. */
export interface Resource {
  readonly name: string;
  readonly mediaType: string | null;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** The member of the directory where a CA may leave it out. */
  readonly optional?: string;
}

const KIB = 1024;
const json = 'application/json';

// An error may replace any of these, so no limit is smaller than a problem document may be.
export const RESOURCES = {
  directory: { name: 'directory', mediaType: json, maxBytes: 64 * KIB, timeoutMs: 30_000 },
  nonce: { name: 'nonce', mediaType: null, maxBytes: 64 * KIB, timeoutMs: 30_000 },
  account: { name: 'account', mediaType: json, maxBytes: 64 * KIB, timeoutMs: 60_000 },
  orders: { name: 'orders list', mediaType: json, maxBytes: 256 * KIB, timeoutMs: 60_000 },
  order: { name: 'order', mediaType: json, maxBytes: 256 * KIB, timeoutMs: 60_000 },
  // Some CAs issue before they respond; up to two minutes have been seen.
  finalize: { name: 'finalize', mediaType: json, maxBytes: 256 * KIB, timeoutMs: 150_000 },
  authorization: { name: 'authorization', mediaType: json, maxBytes: 64 * KIB, timeoutMs: 60_000 },
  challenge: { name: 'challenge', mediaType: json, maxBytes: 64 * KIB, timeoutMs: 60_000 },
  certificate: {
    name: 'certificate chain',
    mediaType: 'application/pem-certificate-chain',
    maxBytes: 256 * KIB,
    timeoutMs: 60_000,
  },
  revocation: { name: 'revocation', mediaType: null, maxBytes: 64 * KIB, timeoutMs: 60_000, optional: 'revokeCert' },
  keyChange: { name: 'key change', mediaType: null, maxBytes: 64 * KIB, timeoutMs: 60_000, optional: 'keyChange' },
  renewalInfo: {
    name: 'renewalInfo',
    mediaType: json,
    maxBytes: 64 * KIB,
    timeoutMs: 30_000,
    optional: 'renewalInfo',
  },
} as const satisfies Record<string, Resource>;
