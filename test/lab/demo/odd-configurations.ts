// Configurations of our own making that no administrator would be proud of.

export interface OddBinding {
  readonly protocol?: string;
  readonly info: string;
  readonly flags?: string;
}

export interface OddSite {
  readonly name?: string;
  readonly id?: string;
  readonly bindings: readonly OddBinding[];
  readonly stopped?: boolean;
}

export interface OddConfiguration {
  readonly name: string;
  readonly octets: Uint8Array;
  /** https bindings that get a certificate, and those that are reported with the reason. */
  readonly handled: number;
  readonly notHandled: number;
}

/** An applicationHost.config with these sites. */
export function configuration(sites: readonly OddSite[]): string {
  const text = sites.map(({ name, id, bindings, stopped }, index) => {
    const attributes = `${name === undefined ? '' : ` name="${name}"`}${id === '' ? '' : ` id="${id ?? index + 1}"`}`;
    const list = bindings.map(
      ({ protocol, info, flags }) =>
        `<binding protocol="${protocol ?? 'https'}" bindingInformation="${info}"${flags === undefined ? '' : ` sslFlags="${flags}"`} />`,
    );
    return `<site${attributes}${stopped === true ? ' serverAutoStart="false"' : ''}><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\odd${index}" /></application><bindings>${list.join('')}</bindings></site>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<configuration><system.applicationHost><sites>${text.join('\r\n')}</sites></system.applicationHost></configuration>`;
}

function odd(name: string, handled: number, notHandled: number, sites: readonly OddSite[]): OddConfiguration {
  return { name, octets: Buffer.from(configuration(sites)), handled, notHandled };
}

const http = (info: string): OddBinding => ({ protocol: 'http', info });
const label = 'a'.repeat(63);

export const oddConfigurations: readonly OddConfiguration[] = [
  odd('no site', 0, 0, []),
  odd(
    'many sites with SNI',
    30,
    0,
    Array.from({ length: 30 }, (_, index) => ({
      name: `Site ${index}`,
      bindings: [http(`*:80:h${index}.odd.test`), { info: `*:443:h${index}.odd.test`, flags: '1' }],
    })),
  ),
  odd('names and ids twice', 4, 0, [
    { name: 'Twin', id: '1', bindings: [{ info: '*:443:a.odd.test', flags: '1' }] },
    { name: 'twin', id: '1', bindings: [{ info: '*:443:b.odd.test', flags: '1' }] },
    { name: 'Other', id: '2', bindings: [{ info: '*:443:c.odd.test', flags: '1' }] },
    { name: 'Another', id: '2', bindings: [{ info: '*:443:d.odd.test', flags: '1' }] },
  ]),
  odd('names and ids missing', 1, 2, [
    { id: '', bindings: [{ info: '*:443:a.odd.test', flags: '1' }] },
    { name: '', id: 'x', bindings: [{ info: '*:443:b.odd.test', flags: '1' }] },
    { id: '7', bindings: [{ info: '*:443:c.odd.test', flags: '1' }] },
  ]),
  odd('hosts that no certificate can hold', 1, 8, [
    {
      name: 'Hosts',
      bindings: [
        '*:443:under_score.odd.test',
        '*:443:with space.odd.test',
        `*:443:${label}a.odd.test`,
        '*:443:192.0.2.1',
        '*:443:-dash.odd.test',
        '*:443:shop.*',
        '*:443:*.*.odd.test',
        '*:443:xn--a.odd.test',
        `*:443:${label}.odd.test`,
      ].map((info) => ({ info, flags: '1' })),
    },
  ]),
  odd('wildcards', 3, 0, [
    {
      name: 'Wild',
      bindings: [
        { info: '*:443:*.odd.test', flags: '1' },
        { info: '*:443:*.deep.odd.test', flags: '1' },
        { info: '*:443:one.odd.test', flags: '1' },
      ],
    },
  ]),
  odd('IPv6 in every spelling', 6, 1, [
    { name: 'A', bindings: [http('[::]:80:'), { info: '[::]:443:' }] },
    { name: 'B', bindings: [{ info: '[2001:DB8:0:0::1]:443:b.odd.test' }] },
    { name: 'C', bindings: [{ info: '[2001:db8::0001]:8443:' }] },
    { name: 'D', bindings: [{ info: '[::ffff:192.0.2.9]:443:d.odd.test', flags: '0' }] },
    { name: 'E', bindings: [{ info: '[fe80::1%4]:443:e.odd.test', flags: '1' }] },
    { name: 'F', bindings: [{ info: '2001:db8::7:443:f.odd.test' }] },
    { name: 'G', bindings: [{ info: '[::1::2]:443:g.odd.test' }] },
  ]),
  odd('sslFlags of every kind', 4, 4, [
    {
      name: 'Flags',
      bindings: [
        { info: '*:443:ccs.odd.test', flags: '3' },
        { info: '*:444:', flags: '2' },
        { info: '*:445:all.odd.test', flags: '253' },
        { info: '*:446:unknown.odd.test', flags: '1073741825' },
        { info: '*:447:ok.odd.test', flags: '61' },
        { info: '*:448:', flags: '1' },
        { info: '*:449:text.odd.test', flags: 'Sni' },
        { info: '*:450:none.odd.test' },
      ],
    },
  ]),
  odd('https without a port, and broken bindings', 2, 5, [
    {
      name: 'Ports',
      bindings: [
        { info: '*::empty.odd.test', flags: '1' },
        { info: '*:65535:last.odd.test', flags: '1' },
        { info: '*:0:zero.odd.test', flags: '1' },
        { info: '*:99999:high.odd.test', flags: '1' },
        { info: '*', flags: '1' },
        { info: '', flags: '1' },
        { info: '999.1.1.1:443:', flags: '0' },
      ],
    },
  ]),
  odd('one host on several ports and addresses', 4, 0, [
    {
      name: 'Many',
      bindings: [
        { info: '*:443:many.odd.test', flags: '1' },
        { info: '*:8443:many.odd.test', flags: '1' },
        { info: '192.0.2.1:9443:many.odd.test', flags: '0' },
        { info: '192.0.2.2:9443:many.odd.test', flags: '0' },
      ],
    },
  ]),
  odd('records that sites share', 6, 0, [
    { name: 'Base', bindings: [{ info: '*:443:' }] },
    { name: 'One', bindings: [{ info: '*:443:one.odd.test', flags: '0' }] },
    { name: 'Two', bindings: [{ info: '*:443:two.odd.test' }, { info: '10.0.0.1:443:' }] },
    { name: 'Three', bindings: [{ info: '10.0.0.1:443:three.odd.test', flags: '0' }] },
    { name: 'Four', bindings: [{ info: '*:443:four.odd.test', flags: '1' }] },
  ]),
  odd('stopped sites only', 2, 0, [
    { name: 'Off', stopped: true, bindings: [{ info: '*:443:off.odd.test', flags: '1' }, { info: '*:8443:' }] },
  ]),
  odd('https on port 80 and http on port 443', 2, 0, [
    { name: 'Https on 80', bindings: [{ info: '*:80:odd80.odd.test', flags: '1' }] },
    { name: 'Http on 443', bindings: [http('*:443:plain.odd.test')] },
    { name: 'Right', bindings: [{ info: '*:444:right.odd.test', flags: '1' }] },
  ]),
  odd('one port with both schemes', 2, 0, [
    { name: 'Both', bindings: [http('*:443:a.odd.test'), { info: '*:443:a.odd.test', flags: '1' }] },
    { name: 'Later', bindings: [{ info: '*:443:b.odd.test', flags: '1' }] },
  ]),
  odd('more names than one certificate holds', 131, 0, [
    {
      name: 'Huge',
      bindings: [
        { info: '*:443:' },
        ...Array.from({ length: 130 }, (_, index) => ({ info: `*:443:n${index}.odd.test`, flags: '1' })),
      ],
    },
  ]),
  odd('more names behind one record than one certificate holds', 1, 101, [
    {
      name: 'Crowd',
      bindings: [
        ...Array.from({ length: 101 }, (_, index) => ({ info: `*:443:n${index}.odd.test` })),
        { info: '*:8443:alone.odd.test', flags: '1' },
      ],
    },
  ]),
  odd('short names', 3, 0, [
    {
      name: 'Short',
      bindings: [
        { info: '*:443:localhost', flags: '1' },
        { info: '*:443:intranet', flags: '1' },
        { info: '*:443:server.local', flags: '1' },
      ],
    },
  ]),
  odd('loopback addresses', 5, 0, [
    { name: 'L1', bindings: [http('127.0.0.5:80:'), { info: '127.0.0.5:443:' }] },
    { name: 'L2', bindings: [{ info: '127.0.0.6:443:' }] },
    { name: 'L3', bindings: [{ info: '[::1]:443:' }] },
    { name: 'L4', bindings: [http('127.0.0.1:80:'), { info: '127.0.0.1:443:' }] },
    { name: 'L5', bindings: [http('192.0.2.7:80:only.odd.test'), { info: '192.0.2.7:443:only.odd.test', flags: '1' }] },
  ]),
  odd('ftp beside https', 1, 0, [
    {
      name: 'Ftp',
      bindings: [
        { protocol: 'ftp', info: '*:21:' },
        { protocol: 'ftps', info: '*:990:' },
        { protocol: 'net.tcp', info: '808:*' },
        { protocol: 'HTTPS', info: '*:443:ftp.odd.test', flags: '1' },
      ],
    },
  ]),
  odd('names that command a terminal', 2, 0, [
    { name: '&#x9b;31m&#x202e;evil', bindings: [{ info: '*:443:a.odd.test', flags: '1' }] },
    { name: 'two&#10;lines&#x85;here', bindings: [{ info: '*:443:b.odd.test', flags: '1' }] },
  ]),
  {
    name: 'UTF-16 with a byte order mark',
    octets: Buffer.from(
      `\ufeff${configuration([{ name: 'Bücher', bindings: [{ info: '*:443:bücher.odd.test', flags: '1' }] }]).replace('UTF-8', 'UTF-16')}`,
      'utf16le',
    ),
    handled: 1,
    notHandled: 0,
  },
];

/** Files that are refused: a coded error with line and column. */
export const brokenConfigurations: readonly { readonly name: string; readonly octets: Uint8Array }[] = [
  { name: 'empty', octets: new Uint8Array() },
  { name: 'no XML', octets: Buffer.from('sites: none') },
  { name: 'cut short', octets: Buffer.from(configuration([]).slice(0, -20)) },
  { name: 'twenty megabytes', octets: Buffer.alloc(20 * 1024 * 1024, 0x20) },
  {
    name: 'entities that grow',
    octets: Buffer.from('<!DOCTYPE a [<!ENTITY b "bbbb">]><configuration>&b;</configuration>'),
  },
  { name: 'control characters', octets: Buffer.from('<configuration>\u0001</configuration>') },
];
