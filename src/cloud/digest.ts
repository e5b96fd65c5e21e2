import { createHash, createHmac } from 'node:crypto';

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmacSha256(key: string | Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** Name and value pairs of a query as the cloud signatures want them: encoded once, sorted by octets. */
export function canonicalQuery(url: URL): string {
  const pairs = url.search.slice(1).split('&');
  return pairs
    .filter((pair) => pair !== '')
    .sort()
    .join('&');
}
