import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeAppcmdOutput,
  parseSiteList,
  parseSitesSection,
  parseVirtualDirectoryList,
} from '../../../src/iis/config/appcmd-output.ts';

const answer = (body: string): Uint8Array =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n${body}</appcmd>\r\n`);

test('list site without /config: bindings part at a protocol, not at every comma', () => {
  const [site] = parseSiteList(
    answer(
      '<SITE SITE.NAME="Wëb" SITE.ID="7" bindings="HTTP/*:80:,https/[::1]:443:a,b,net.tcp/808:*" state="Stopped" />',
    ),
  );
  equal(site?.name, 'Wëb');
  equal(site?.state, 'Stopped');
  equal(site?.configuration, null);
  deepEqual(site?.bindings, [
    { protocol: 'HTTP', bindingInformation: '*:80:' },
    { protocol: 'https', bindingInformation: '[::1]:443:a,b' },
    { protocol: 'net.tcp', bindingInformation: '808:*' },
  ]);
});

test('list site /config: the element with the flags', () => {
  const [site, other] = parseSiteList(
    answer(
      `<SITE SITE.NAME="A" SITE.ID="1" bindings="https/*:443:a" state="Started"><site name="A" id="1"><bindings>
         <binding protocol="https" bindingInformation="*:443:a" sslFlags="33" certificateHash="00" /></bindings></site></SITE>
       <SITE SITE.NAME="B" SITE.ID="2" bindings="" state="Starting" />`,
    ),
  );
  equal(site?.configuration?.bindings[0]?.attributes['sslFlags'], '33');
  deepEqual([other?.state, other?.bindings], ['Unknown', []]);
});

test('list vdir and list config', () => {
  const vdirs = '<VDIR VDIR.NAME="A/" APP.NAME="A/" path="/" physicalPath="%SystemDrive%\\www" />';
  deepEqual(parseVirtualDirectoryList(answer(vdirs)), [
    { application: 'A/', path: '/', physicalPath: '%SystemDrive%\\www' },
  ]);
  const section = parseSitesSection(
    answer(
      `<CONFIG CONFIG.SECTION="system.applicationHost/sites" path="MACHINE/WEBROOT/APPHOST" overrideMode="Inherit" locked="false">
        <system.applicationHost-sites><site name="A" id="1" /><siteDefaults serverAutoStart="false" /></system.applicationHost-sites></CONFIG>`,
    ),
  );
  deepEqual([section.sites.length, section.siteDefaults.serverAutoStart], [1, 'false']);
});

test('an empty answer is no site; anything but appcmd XML is refused', () => {
  deepEqual(parseSiteList(answer('')), []);
  for (const text of ['', 'SITE "Default Web Site" (id:1,bindings:,state:Started)', '<Objs />', '<appcmd>']) {
    throws(() => parseSiteList(Buffer.from(text)), { code: 'IIS_APPCMD_OUTPUT_INVALID' }, text);
  }
  throws(() => parseSitesSection(answer('')), { code: 'IIS_APPCMD_OUTPUT_INVALID' });
});

test('output in another code page is still read, and said to be inexact', () => {
  const [site] = parseSiteList(Buffer.from('<appcmd><SITE SITE.NAME="B\u00fccher" SITE.ID="1" /></appcmd>', 'latin1'));
  equal(site?.name, 'Bücher');
  deepEqual(decodeAppcmdOutput(Uint8Array.of(0x81)).exact, false);
  deepEqual(decodeAppcmdOutput(Buffer.from('ü')), { text: 'ü', exact: true });
});
