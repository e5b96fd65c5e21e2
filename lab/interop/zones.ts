/** A zone of the lab: where it is served, and what it holds besides SOA and NS. */
export interface LabZone {
  readonly name: string;
  /** Hosts in NS below the zone, with their addresses. */
  readonly servers: Readonly<Record<string, string>>;
  /** Lines of a zone file, names relative to the zone. */
  readonly records?: readonly string[];
}

/** The zone as a file. Absence is forgotten at once, so that the resolver of the lab never remembers any. */
export function zoneFile({ name, servers, records = [] }: LabZone): string {
  const [primary = 'ns1'] = Object.keys(servers);
  return [
    '$TTL 60',
    `@ SOA ${primary}.${name}. hostmaster.${name}. 1 86400 86400 864000 0`,
    ...Object.entries(servers).flatMap(([host, address]) => [
      `@ NS ${host}.${name}.`,
      `${host} ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
    ]),
    ...records,
    '',
  ].join('\n');
}
