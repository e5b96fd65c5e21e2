import { domainToASCII, domainToUnicode } from 'node:url';
import { EverbindError } from '../../errors/error.ts';
import { formatIp, parseIp } from './ip-address.ts';

/**
 * What a certificate can be issued for (RFC 8555 section 9.7.7, RFC 8738). `value` is canonical: a DNS name in
 * lower-case A-labels without a trailing dot, `*.` in front for a wildcard; an IP address in the text of RFC 5952
 * section 4.
 */
export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

/**
 * An identifier from an operator's text: IDN to A-labels, lower case, one trailing dot dropped. Throws
 * PKI_NAME_INVALID.
 */
export function parseIdentifier(text: string): Identifier {
  if (text.length > 1024) throw invalid(text, 'it is too long');
  const address = parseIp(text);
  if (address !== null) return { type: 'ip', value: formatIp(address) };
  const wildcard = text.startsWith('*.');
  const host = text.slice(wildcard ? 2 : 0, text.endsWith('.') ? -1 : undefined);
  const ascii = toALabels(host);
  if (ascii === null) throw invalid(text, 'it is neither a DNS name nor an IP address');
  const value = wildcard ? `*.${ascii}` : ascii;
  const problem = dnsNameProblem(value);
  if (problem !== null) throw invalid(text, problem);
  return { type: 'dns', value };
}

/** For sets, maps and sorting: `dns:shop.example`, `ip:192.0.2.7`. */
export function identifierKey(identifier: Identifier): string {
  return `${identifier.type}:${identifier.value}`;
}

/**
 * Whether a certificate's name covers the host that a client asks for (RFC 9525 section 6.3): equal, or a wildcard in
 * place of the whole left-most label. An IP address matches only an IP name.
 */
export function matchesHost(certificateName: Identifier, host: string): boolean {
  const canonical = canonicalHost(host);
  if (certificateName.type === 'ip' || isAddress(canonical)) {
    return certificateName.type === 'ip' && certificateName.value === canonical;
  }
  if (certificateName.value === canonical) return !canonical.startsWith('*');
  if (!certificateName.value.startsWith('*.')) return false;
  const dot = canonical.indexOf('.');
  return dot > 0 && canonical.slice(dot) === certificateName.value.slice(1) && !canonical.startsWith('*');
}

/**
 * The form under which hosts of IIS, of http.sys and of certificates are compared: A-labels, lower case, no trailing
 * dot, IP addresses in RFC 5952 text without brackets. Lenient: what is no host name stays as it is, in lower case.
 * Never throws.
 */
export function canonicalHost(host: string): string {
  if (plainHost.test(host)) return host;
  const trimmed = host.endsWith('.') ? host.slice(0, -1) : host;
  const address = parseIp(trimmed.startsWith('[') && trimmed.endsWith(']') ? trimmed.slice(1, -1) : trimmed);
  if (address !== null) return formatIp(address);
  const wildcard = trimmed.startsWith('*.');
  const ascii = toALabels(wildcard ? trimmed.slice(2) : trimmed) ?? trimmed.slice(wildcard ? 2 : 0).toLowerCase();
  return wildcard ? `*.${ascii}` : ascii;
}

/**
 * A canonical host with its A-labels in Unicode, for people; the host itself when it has none or they do not encode to
 * the same host.
 */
export function hostToUnicode(host: string): string {
  if (!host.includes('xn--')) return host;
  const wildcard = host.startsWith('*.');
  const unicode = domainToUnicode(wildcard ? host.slice(2) : host);
  const text = wildcard ? `*.${unicode}` : unicode;
  return unicode !== '' && canonicalHost(text) === host ? text : host;
}

/**
 * Why a lower-case ASCII name cannot be a DNS name of a certificate, or null when it can (RFC 5280 section 4.2.1.6 with
 * RFC 1034 section 3.5; CA/B Forum Baseline Requirements 7.1.4.2): no underscore, no empty label, a wildcard only as
 * the whole left-most label.
 */
export function dnsNameProblem(name: string): string | null {
  const host = name.startsWith('*.') ? name.slice(2) : name;
  if (name.length > 253) return 'it is longer than 253 octets';
  let label = 0;
  let numeric = true;
  for (let index = 0; index <= host.length; index += 1) {
    const code = index === host.length ? DOT : host.charCodeAt(index);
    if (code === DOT) {
      const length = index - label;
      if (length === 0) return 'it has an empty label';
      if (length > 63) return 'a label is longer than 63 octets';
      if (host.charCodeAt(label) === HYPHEN || host.charCodeAt(index - 1) === HYPHEN) {
        return 'a label begins or ends with a hyphen';
      }
      if (index === host.length && numeric) return 'its last label is a number';
      label = index + 1;
      numeric = true;
    } else if (code < 0x30 || code > 0x39) {
      if (code !== HYPHEN && (code < 0x61 || code > 0x7a)) {
        return code === 0x5f ? 'it has an underscore' : 'it has a character that DNS names in certificates cannot have';
      }
      numeric = false;
    }
  }
  return null;
}

const DOT = 0x2e;
const HYPHEN = 0x2d;
const plainHost = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]*[a-z][a-z0-9-]*)+$/;
const asciiHost = /^[A-Za-z0-9._-]+$/;
// ASCII characters must be those of host names before the mapping: the URL parser would decode percent signs and more.
const mappable = /^[A-Za-z0-9.\-\u0080-\uffff]+$/;

function toALabels(host: string): string | null {
  if (asciiHost.test(host) && !/xn--/i.test(host)) return isAddress(host) ? null : host.toLowerCase();
  if (!mappable.test(host)) return null;
  const ascii = domainToASCII(host);
  if (ascii === '' || isAddress(ascii)) return null;
  // An A-label that decodes to a name with another A-label is a trick or a typing error.
  const unicode = domainToUnicode(ascii);
  return unicode.split('.').some((label) => label.startsWith('xn--')) || domainToASCII(unicode) !== ascii
    ? null
    : ascii;
}

function isAddress(text: string): boolean {
  return parseIp(text) !== null;
}

function invalid(text: string, problem: string): EverbindError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new EverbindError('PKI_NAME_INVALID', `${JSON.stringify(shown)} cannot stand in a certificate: ${problem}`, {
    name: shown,
  });
}
