import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { parseSiteList, parseSitesSection } from '../../../src/iis/config/appcmd-output.ts';

const answer = (body: string): Uint8Array =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n${body}</appcmd>\r\n`);

test('list site: ids and states, with /config or without', () => {
  const list = answer(
    `<SITE SITE.NAME="A" SITE.ID="1" bindings="https/*:443:a" state="Started"><site name="A" id="1"><bindings /></site></SITE>
     <SITE SITE.NAME="B" SITE.ID="2" bindings="" state="Starting" /><SITE SITE.NAME="C" SITE.ID="3" state="Stopped" />
     <SITE SITE.NAME="D" />`,
  );
  deepEqual(parseSiteList(list), [
    { id: '1', state: 'Started' },
    { id: '2', state: 'Unknown' },
    { id: '3', state: 'Stopped' },
    { id: null, state: 'Unknown' },
  ]);
});

test('list config', () => {
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

test('ids and states are read in every code page that Windows has for ANSI', () => {
  // Letters of two octets, the second of which is ASCII: Shift JIS, GBK, Big5, and one of Windows-1252.
  for (const name of ['835c 8b5c', '955c 817c', 'a55c ae7c', 'd8 80 81 ff']) {
    const octets = Buffer.from(name.replaceAll(' ', ''), 'hex');
    const [before, after] = ['<appcmd><SITE SITE.NAME="', '" SITE.ID="7" state="Started" /></appcmd>'];
    const list = Buffer.concat([Buffer.from(before), octets, Buffer.from(after)]);
    deepEqual(parseSiteList(list), [{ id: '7', state: 'Started' }], name);
  }
  const utf8 = answer('<CONFIG><sites><site name="Łódź" id="1" /></sites></CONFIG>');
  equal(parseSitesSection(utf8).sites[0]?.name, 'Łódź');
});

test('letters that a code page turns into markup of XML spoil a name, and neither ids nor states', () => {
  // U+FF06, U+FF02 and U+3008, as the code page 1252 has them by best fit.
  for (const name of ['Shop & Co', '12" Rohre', 'Shop <neu', '" state="Stopped']) {
    const list = answer(
      `<SITE SITE.NAME="${name}" SITE.ID="1" bindings="http/*:80:" state="Started" />\r\n<SITE SITE.NAME="B" SITE.ID="2" bindings="" state="Stopped" />\r\n<SITE SITE.NAME="C" SITE.ID="3" bindings="" state="Starting" />\r\n`,
    );
    deepEqual(
      parseSiteList(list),
      [
        { id: '1', state: 'Started' },
        { id: '2', state: 'Stopped' },
        { id: '3', state: 'Unknown' },
      ],
      name,
    );
    throws(() => parseSiteList(list.subarray(0, -15)), { code: 'IIS_APPCMD_OUTPUT_INVALID' }, 'half a list');
  }
});
