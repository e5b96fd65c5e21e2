import { formatIp, parseIp } from '../../pki/x509/ip-address.ts';
import { dnsNameProblem, type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { invalidResponse, member, members, oneOf, string } from './decoding.ts';

/** An identifier of an order or an authorization in canonical form (RFC 8555 section 9.7.7, RFC 8738 section 3). */
export function decodeIdentifier(value: unknown, where: string): Identifier {
  const object = members(value, where);
  const type = oneOf(member(object, 'type'), `${where}.type`, ['dns', 'ip']);
  const text = string(member(object, 'value'), `${where}.value`, 255);
  if (type === 'ip') {
    const address = parseIp(text);
    if (address === null) throw invalidResponse(`${where}.value`, 'an IP address');
    return { type, value: formatIp(address) };
  }
  const name = text.toLowerCase();
  if (dnsNameProblem(name) !== null) throw invalidResponse(`${where}.value`, 'a DNS name');
  return { type, value: name };
}

/** Whether two lists name the same set, whatever their order. */
export function sameIdentifiers(left: readonly Identifier[], right: readonly Identifier[]): boolean {
  const wanted = new Set(left.map(identifierKey));
  const given = new Set(right.map(identifierKey));
  return wanted.size === given.size && [...wanted].every((key) => given.has(key));
}
