/**
 * Whether Pebble 2.10 finds a certificate that an order replaces, by its ARI id. It forgets the zero octet that DER
 * puts before a serial whose first bit is set, which one of its certificates in 256 has, and answers that order with
 * serverInternal.
 */
export function pebbleFindsReplaced(certificateId: string): boolean {
  const [, serial = ''] = certificateId.split('.');
  return Buffer.from(serial, 'base64url')[0] !== 0;
}
