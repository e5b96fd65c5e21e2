import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { inventoryOfConfiguration } from '../../../src/iis/config/application-host-inventory.ts';
import { parseApplicationHost } from '../../../src/iis/config/application-host.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const sample = `<configuration>
  <!-- a comment with <site name="no" id="9"/> in it -->
  <system.applicationHost>
    <applicationPools><add name="DefaultAppPool" /><add /></applicationPools>
    <sites>
      <site name="Bücherstube" id="1" serverAutoStart="true" unknown="kept">
        <application path="/" applicationPool="DefaultAppPool">
          <virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub" />
          <virtualDirectory path="/img" physicalPath="D:\\img" />
        </application>
        <application path="/api" enabledProtocols="http,net.tcp" />
        <bindings>
          <clear />
          <binding protocol="http" bindingInformation="*:80:" />
          <binding bindingInformation="*:443:a.example" protocol="https" sslFlags="97" odd="&#65;&amp;" />
        </bindings>
        <hsts enabled="true" max-age="300" />
        <nested><site name="not me" id="8" /></nested>
      </site>
      <siteDefaults serverAutoStart="false">
        <bindings><binding protocol="http" bindingInformation="127.0.0.1:8080:" /></bindings>
        <ftpServer><security><ssl serverCertHash="AB 01" serverCertStoreName="WebHosting" /></security></ftpServer>
      </siteDefaults>
      <site name="second" id="1" />
      <applicationDefaults applicationPool="DefaultAppPool" />
      <virtualDirectoryDefaults allowSubDirConfig="true" />
    </sites>
  </system.applicationHost>
  <location path="" overrideMode="Allow"><system.webServer /></location>
  <location path="Bücherstube" />
</configuration>
`;

function refusal(source: Uint8Array | string): EverbindError {
  try {
    parseApplicationHost(source);
  } catch (error) {
    ok(error instanceof EverbindError, String(error));
    equal(error.code, 'IIS_CONFIG_INVALID');
    return error;
  }
  throw new Error('not refused');
}

test('raw values stay as written, the odd ones too', () => {
  const configuration = parseApplicationHost(declaration + sample);
  const [first, second] = configuration.sites;
  deepEqual(
    configuration.sites.map(({ name, id, serverAutoStart }) => [name, id, serverAutoStart]),
    [
      ['Bücherstube', '1', 'true'],
      ['second', '1', null],
    ],
  );
  equal(first?.attributes['unknown'], 'kept');
  deepEqual(
    first?.bindings.map(({ attributes }) => attributes),
    [
      { protocol: 'http', bindingInformation: '*:80:' },
      { bindingInformation: '*:443:a.example', protocol: 'https', sslFlags: '97', odd: 'A&' },
    ],
  );
  deepEqual(first?.hsts, { enabled: 'true', 'max-age': '300' });
  deepEqual(
    first?.applications.map(({ path, applicationPool, enabledProtocols }) => [path, applicationPool, enabledProtocols]),
    [
      ['/', 'DefaultAppPool', null],
      ['/api', null, 'http,net.tcp'],
    ],
  );
  deepEqual([second?.bindings, second?.declaresBindings, second?.ftpServer], [[], false, null]);
  deepEqual(configuration.siteDefaults.ftpServer?.ssl, { serverCertHash: 'AB 01', serverCertStoreName: 'WebHosting' });
  deepEqual(configuration.applicationPools, ['DefaultAppPool', null]);
  deepEqual(
    configuration.locations.map(({ path }) => path),
    ['', 'Bücherstube'],
  );
});

test('the inventory has what the defaults add, and says what is odd', () => {
  const inventory = inventoryOfConfiguration(parseApplicationHost(sample));
  const [first, second] = inventory.sites;
  equal(first?.rootPath, '%SystemDrive%\\inetpub');
  equal(first?.serverAutoStart, true);
  deepEqual(
    first?.bindings.map(({ sslFlags, inherited }) => [sslFlags, inherited]),
    [
      [0, false],
      [97, false],
    ],
  );
  equal(second?.serverAutoStart, false);
  deepEqual(
    second?.bindings.map(({ text, inherited }) => [text, inherited]),
    [['127.0.0.1:8080:', true]],
  );
  equal(second?.rootPath, null);
  deepEqual(inventory.ftpDefaults, { certificateHash: 'ab01', certificateStore: 'WebHosting' });
  deepEqual(
    inventory.problems.map(({ code, target }) => [code, target]),
    [['site-id-duplicate', 'second']],
  );
  ok(inventory.sites.every(({ state }) => state === 'Unknown'));
});

test('problems are named: no name, no id, unreadable bindings and flags, sites in another file', () => {
  const { problems } = inventoryOfConfiguration(
    parseApplicationHost(`<configuration><system.applicationHost><sites configSource="sites.config"><site id="x"><bindings>
      <binding protocol="https" bindingInformation=":[PORT]:localhost" /><binding protocol="https" bindingInformation="*:1:" sslFlags="Sni" />
    </bindings></site></sites></system.applicationHost></configuration>`),
  );
  deepEqual(problems.map(({ code }) => code).sort(), [
    'binding-unreadable',
    'site-id-invalid',
    'site-name-missing',
    'sites-elsewhere',
    'ssl-flags-unreadable',
  ]);
});

test('the same configuration in every encoding and with every line end', () => {
  const plain = parseApplicationHost(sample);
  const crlf = sample.replaceAll('\n', '\r\n');
  const utf16 = `<?xml version="1.0" encoding="utf-16"?>${crlf}`;
  const latin1 = `<?xml version='1.0' encoding='iso-8859-1' standalone="yes"?>\n${sample}`;
  const sources: Record<string, Uint8Array | string> = {
    'CRLF text': crlf,
    'UTF-8': Buffer.from(declaration + sample),
    'UTF-8 without declaration': Buffer.from(sample),
    'UTF-8 with BOM and CRLF': Buffer.from(`\ufeff${declaration}${crlf}`),
    'UTF-16LE with BOM': Buffer.from(`\ufeff${utf16}`, 'utf16le'),
    'UTF-16LE without declaration': Buffer.from(`\ufeff${sample}`, 'utf16le'),
    'UTF-16LE without BOM': Buffer.from(utf16, 'utf16le'),
    'UTF-16BE with BOM': Buffer.from(`\ufeff${utf16}`, 'utf16le').swap16(),
    'ISO-8859-1': Buffer.from(latin1, 'latin1'),
    'text with BOM': `\ufeff${declaration}${sample}`,
  };
  for (const [name, source] of Object.entries(sources)) deepEqual(parseApplicationHost(source), plain, name);
});

test('octets that are not the encoding are refused where they stand', () => {
  const broken = Buffer.from(`${declaration}<configuration>\n <a b="x"/>\n</configuration>`);
  broken[broken.indexOf('"x"') + 1] = 0xff;
  const { details } = refusal(broken);
  deepEqual([details['problem'], details['line'], details['column']], ['encoding', 3, 8]);
  equal(refusal(Buffer.from('<?xml version="1.0" encoding="utf-16"?><a/>')).details['problem'], 'encoding');
  equal(refusal(Buffer.from('<?xml version="1.0" encoding="klingon"?><a/>')).details['problem'], 'encoding');
  equal(refusal(Buffer.from('\ufeff<a/>x', 'utf16le').subarray(0, 11)).details['problem'], 'encoding');
});

test('what is not well-formed is refused with line and column', () => {
  const broken: readonly (readonly [text: string, line: number])[] = [
    ['', 1],
    ['   ', 1],
    ['<configuration>\n<sites>\n</configuration>', 3],
    ['<configuration>\n&undefined;</configuration>', 2],
    ['<a/><b/>', 1],
    ['<a b="1" b="2"/>', 1],
    ['<a>\n\n<x:b/></a>', 3],
    ['<a>\u0001</a>', 1],
    ['\n<?xml version="1.0"?><a/>', 2],
    ['<a><!-- -- --></a>', 1],
    ['var x = "a";', 1],
  ];
  for (const [text, line] of broken) {
    const { details } = refusal(text);
    deepEqual([details['problem'], details['line']], ['xml', line], JSON.stringify(text));
    ok(Number(details['column']) >= 1);
  }
});

test('document types and entities of their own are refused', () => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>';
  equal(refusal(bomb).details['problem'], 'dtd');
  equal(refusal('<!DOCTYPE configuration SYSTEM "file:///c:/secret"><a/>').details['problem'], 'dtd');
});

test('size, depth and number of elements are bounded', () => {
  equal(refusal(new Uint8Array(16 * 1024 * 1024 + 1)).details['problem'], 'too-large');
  equal(refusal('<a>'.repeat(200)).details['problem'], 'too-deep');
  equal(refusal(`<a>${'<b/>'.repeat(500_000)}</a>`).details['problem'], 'too-many-elements');
});

test('fragments: their sites are not sites of a server', () => {
  const site =
    '<site name="a" id="1"><bindings><binding protocol="https" bindingInformation="*:443:" /></bindings></site>';
  for (const text of [
    site,
    `<sites>${site}</sites>`,
    `<system.applicationHost><sites>${site}</sites></system.applicationHost>`,
  ]) {
    const configuration = parseApplicationHost(text);
    deepEqual([configuration.sites.length, configuration.fragmentSites.length], [0, 1], text);
    deepEqual(
      inventoryOfConfiguration(configuration).problems.map(({ code }) => code),
      ['not-a-server-configuration'],
    );
  }
  equal(
    parseApplicationHost('<siteDefaults><hsts enabled="true" /></siteDefaults>').siteDefaults.hsts?.['enabled'],
    'true',
  );
  equal(parseApplicationHost('<configuration />').sites.length, 0);
});

test('sections in a location for the whole server count, others do not', () => {
  const inside = (path: string): string =>
    `<configuration><location path="${path}"><system.applicationHost><sites><site name="a" id="1" /></sites></system.applicationHost></location></configuration>`;
  equal(parseApplicationHost(inside('.')).sites.length, 1);
  equal(parseApplicationHost(inside('Default Web Site')).sites.length, 0);
});

test('namespaces: transform attributes are apart, the old default namespace is none', () => {
  const { sites } =
    parseApplicationHost(`<configuration xmlns="http://schemas.microsoft.com/.NetConfiguration/v2.0" xmlns:x="urn:x">
    <system.applicationHost><sites><site name="a" id="1" x:id="2" /><x:site name="b" id="2" /></sites></system.applicationHost></configuration>`);
  deepEqual(
    sites.map(({ attributes }) => attributes),
    [{ name: 'a', id: '1', '{urn:x}id': '2' }],
  );
});

test('property: any text is read or refused with the code', () => {
  const pieces = fc.constantFrom(
    '<configuration>',
    '</configuration>',
    '<sites>',
    '<site name="a"',
    ' id="1"',
    '/>',
    '>',
    '&amp;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml?>',
    '\u0000',
    'é',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }), (parts) => {
      try {
        inventoryOfConfiguration(parseApplicationHost(parts.join('')));
      } catch (error) {
        ok(error instanceof EverbindError && error.code === 'IIS_CONFIG_INVALID', String(error));
      }
    }),
  );
});

test('property: any octets are read or refused with the code', () => {
  const starts = fc.constantFrom([], [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff], [0x3c, 0], [0x3c, 0x61]);
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      try {
        parseApplicationHost(Uint8Array.from([...start, ...rest]));
      } catch (error) {
        ok(error instanceof EverbindError && error.code === 'IIS_CONFIG_INVALID', String(error));
      }
    }),
  );
});
