import type { Certificate } from './certificate.ts';

/**
 * Names a certificate to its CA: base64url of the authority key identifier, a dot, base64url of the serial number's DER
 * content octets, a leading zero included (RFC 9773 section 4.1). Null for a certificate without an authority key
 * identifier, which has no such name.
 */
export function ariIdOf({
  authorityKeyIdentifier,
  serialHex,
}: Pick<Certificate, 'authorityKeyIdentifier' | 'serialHex'>): string | null {
  if (authorityKeyIdentifier === null || authorityKeyIdentifier === '') return null;
  return [authorityKeyIdentifier, serialHex].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}
