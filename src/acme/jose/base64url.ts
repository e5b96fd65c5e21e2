/** base64url without padding (RFC 7515 section 2). */
export function encodeBase64url(octets: Uint8Array | string): string {
  return (typeof octets === 'string' ? Buffer.from(octets, 'utf8') : view(octets)).toString('base64url');
}

/**
 * The octets of canonical base64url without padding; null for any other character, padding, or stray bits at the end.
 */
export function decodeBase64url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const octets = Buffer.from(text, 'base64url');
  return octets.toString('base64url') === text ? octets : null;
}

function view(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
