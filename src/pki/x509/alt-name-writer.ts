import { EverbindError } from '../../errors/error.ts';
import { der, sequence } from '../asn1/der-writer.ts';
import { parseIp } from './ip-address.ts';
import { dnsNameProblem, type Identifier, identifierKey } from './names.ts';

/**
 * GeneralNames (RFC 5280 section 4.2.1.6) in this order, repeated ones once. Throws PKI_NAME_INVALID for none, and for
 * one that is not canonical.
 */
export function subjectAltName(identifiers: readonly Identifier[]): Uint8Array {
  const unique = new Map(identifiers.map((identifier) => [identifierKey(identifier), identifier]));
  if (unique.size === 0) throw new EverbindError('PKI_NAME_INVALID', 'A certificate needs at least one name');
  return sequence(...[...unique.values()].map(generalName));
}

function generalName({ type, value }: Identifier): Uint8Array {
  const octets = type === 'ip' ? parseIp(value) : dnsNameProblem(value) === null ? Buffer.from(value, 'latin1') : null;
  if (octets === null) {
    throw new EverbindError('PKI_NAME_INVALID', `${JSON.stringify(value)} is not a canonical name`, { name: value });
  }
  return der(type === 'ip' ? 0x87 : 0x82, octets);
}
