import type { GeneralName } from '../x509/general-name.ts';
import { dnsNameProblem } from '../x509/names.ts';

/** Why an entry of a subjectAltName breaks RFC 5280 section 4.2.1.6, or null. */
export function altNameProblem(name: GeneralName): string | null {
  switch (name.type) {
    case 'dns': {
      const problem = dnsNameProblem(name.value.toLowerCase());
      return problem === null ? null : `the DNS name ${JSON.stringify(name.value)} is not usable: ${problem}`;
    }
    case 'ip':
      return name.octets.length === 4 || name.octets.length === 16
        ? null
        : `an IP address of ${name.octets.length} octets`;
    case 'email':
      return parseMailbox(name.value) === null ? 'an email address that is no mailbox' : null;
    case 'uri':
      return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(name.value) ? null : 'a URI without a scheme';
    case 'directory':
    case 'other':
    case 'unsupported':
      return null;
  }
}

/** Local part and lower-case host of an rfc822Name; null when it is none. */
export function parseMailbox(text: string): { local: string; host: string } | null {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const host = text.slice(at + 1).toLowerCase();
  const quoted = /^"[\x20-\x7e]*"$/.test(local);
  if (at < 1 || (!quoted && !/^[^\s@"(),:;<>[\]\\\x80-\xff]+$/.test(local))) return null;
  return host.startsWith('*') || dnsNameProblem(host) !== null ? null : { local, host };
}
