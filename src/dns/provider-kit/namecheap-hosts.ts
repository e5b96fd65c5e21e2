import { unusable } from './provider-failure.ts';
import { nodesAt, type XmlNode } from './xml.ts';

/** A record in the fields that getHosts and setHosts share. */
export interface NamecheapHost {
  readonly Name: string;
  readonly Type: string;
  readonly Address: string;
  readonly MXPref: string;
  readonly TTL: string;
}

/** Everything that setHosts replaces. */
export interface NamecheapHosts {
  /** How the domain receives mail; without it setHosts would switch mail off. */
  readonly emailType: string;
  readonly hosts: readonly NamecheapHost[];
}

/** https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/ */
const types = new Set(['A', 'AAAA', 'ALIAS', 'CAA', 'CNAME', 'FRAME', 'MX', 'MXE', 'NS', 'TXT', 'URL', 'URL301']);
const emailTypes = new Set(['MXE', 'MX', 'FWD', 'OX', 'NONE', 'GMAIL']);
const sent = ['Name', 'Type', 'Address', 'MXPref', 'TTL'] as const;
/** An identifier of this response, and names that the web pages show. */
const labels = ['HostId', 'AssociatedAppTitle', 'FriendlyName'];
/** What cannot be sent, with the one value that a new record has anyway. */
const fixed: Readonly<Record<string, string>> = { IsActive: 'true', IsDDNSEnabled: 'false' };
const maxHosts = 1_000;

/**
 * All records of a domain from the result of getHosts. Throws DNS_PROVIDER_FAILED where setHosts could not write one
 * back exactly as it is, since it removes every record that it is not given.
 */
export function readHosts(host: string, domain: string, result: XmlNode, status: number): NamecheapHosts {
  const refuse = (what: string): never => {
    throw unusable(host, `${what}, which a change of ${domain} would lose; nothing was changed`, status);
  };
  const nodes = nodesAt(result, 'host');
  if (nodes.length !== result.children.length) refuse('there is something besides records');
  if (nodes.length > maxHosts) refuse('there are too many records');
  const emailType = result.attributes['EmailType'] ?? '';
  if (!emailTypes.has(emailType)) refuse('there is an unknown mail setting');
  const hosts = nodes.map(({ attributes, children }) => {
    const [Name, Type, Address, MXPref, TTL] = sent.map((name) => attributes[name]);
    if (!Name || !Type || !Address || !MXPref || !TTL) return refuse('there is a record with a part missing');
    if (!types.has(Type)) refuse('there is a record of an unknown type');
    for (const [name, value] of Object.entries(attributes)) {
      if (name in fixed ? fixed[name] !== value : ![...sent, ...labels].includes(name)) {
        refuse('there is a record that is switched off, dynamic, or has more parts than are documented');
      }
    }
    if (children.length > 0) refuse('there is a record with something in it');
    return { Name, Type, Address, MXPref, TTL };
  });
  return { emailType, hosts };
}

/** The fields of setHosts: `HostName1`, `RecordType1` and so on. */
export function hostFields({ emailType, hosts }: NamecheapHosts): Record<string, string> {
  const fields = hosts.flatMap(({ Name, Type, Address, MXPref, TTL }, index) =>
    Object.entries({ HostName: Name, RecordType: Type, Address, MXPref, TTL }).map(
      ([field, value]) => [`${field}${index + 1}`, value] as const,
    ),
  );
  return { EmailType: emailType, ...Object.fromEntries(fields) };
}

/** Whether two results have the same records, in whatever order. */
export function sameHosts(a: NamecheapHosts, b: NamecheapHosts): boolean {
  const lines = ({ emailType, hosts }: NamecheapHosts): string =>
    JSON.stringify([emailType, hosts.map((host) => JSON.stringify(sent.map((name) => host[name]))).sort()]);
  return lines(a) === lines(b);
}
