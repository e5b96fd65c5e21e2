import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { readInventory } from '../../src/iis/inventory.ts';
import { referencesTo } from '../../src/iis/records/references.ts';
import { coalesce } from '../../src/concurrency/coalesce.ts';
import type { AppcmdResult, WindowsHost } from '../../src/ports/windows-host.ts';
import { NEW, OLD, record, site } from './fixtures.ts';

const inSite = `<site name="Wëb" id="1"><application path="/"><virtualDirectory path="/" /></application>
  <bindings><binding protocol="https" bindingInformation="*:443:a" sslFlags="33" /></bindings>
  <ftpServer><security><ssl serverCertHash="${OLD.toUpperCase()}" /></security></ftpServer></site>`;
const section = `<CONFIG CONFIG.SECTION="system.applicationHost/sites"><system.applicationHost-sites>${inSite}<site name="B" id="2" serverAutoStart="false" />
  <siteDefaults><bindings><binding protocol="http" bindingInformation="*:81:" /></bindings><ftpServer><security><ssl serverCertHash="${NEW}" /></security></ftpServer></siteDefaults>
  </system.applicationHost-sites></CONFIG>`;
const list = `<SITE SITE.NAME="Wëb" SITE.ID="1" bindings="https/*:443:a" state="Started">${inSite}</SITE>
  <SITE SITE.NAME="B" SITE.ID="2" bindings="" state="Stopped"><site name="B" id="2" serverAutoStart="false" /></SITE>`;
const vdirs = '<VDIR VDIR.NAME="Wëb/" APP.NAME="Wëb/" path="/" physicalPath="D:\\web" />';

type Answers = Partial<Record<'config' | 'site' | 'vdir', AppcmdResult | string>>;

/** A host that answers the three commands of an inventory; `calls` tells how many are under way at most. */
function host(answers: Answers): { readonly host: WindowsHost; readonly most: () => number } {
  let running = 0;
  let most = 0;
  const slow = async <T>(value: T): Promise<T> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return value;
  };
  const appcmd = (args: readonly string[]): Promise<AppcmdResult> => {
    const answer = answers[args[1] as keyof Answers] ?? '';
    return slow(
      typeof answer === 'string'
        ? { exitCode: 0, stdout: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>${answer}</appcmd>`) }
        : answer,
    );
  };
  const made = {
    appcmd,
    sslRecords: { enumerate: () => slow([record('a:443', OLD)]) },
    certificates: { list: (store: string) => slow([{ store }]) },
  };
  return { host: made as unknown as WindowsHost, most: () => most };
}

test('the inventory joins what is configured, what runs, records and certificates, read at the same time', async () => {
  const simulated = host({ config: section, site: list, vdir: vdirs });
  const inventory = await readInventory(simulated.host);
  deepEqual(
    inventory.sites.map(({ name, id, state, rootPath, serverAutoStart, ftp }) => [
      name,
      id,
      state,
      rootPath,
      serverAutoStart,
      ftp,
    ]),
    [
      ['Wëb', 1, 'Started', 'D:\\web', true, { certificateHash: OLD, certificateStore: 'MY' }],
      ['B', 2, 'Stopped', null, false, null],
    ],
  );
  deepEqual(
    inventory.sites.map(({ bindings }) => bindings.map(({ text, sslFlags, inherited }) => [text, sslFlags, inherited])),
    [[['*:443:a', 33, false]], [['*:81:', 0, true]]],
  );
  deepEqual(inventory.ftpDefaults, { certificateHash: NEW, certificateStore: 'MY' });
  deepEqual([inventory.records.length, inventory.certificates.length, inventory.problems], [1, 2, []]);
  equal(simulated.most(), 6);
});

test('a site listed without its configuration has no flags, so its https bindings are not taken for shared ones', async () => {
  const short = list.replace(inSite, '').replace('SITE.NAME="Wëb"', 'SITE.NAME="New"');
  const { sites, problems } = await readInventory(host({ config: section, site: short }).host);
  deepEqual(
    sites[0]?.bindings.map(({ text, sslFlags }) => [text, sslFlags]),
    [['*:443:a', null]],
  );
  deepEqual(
    problems.map(({ code }) => code),
    ['ssl-flags-unreadable'],
  );
});

test('exit codes decide', async () => {
  const ended = (exitCode: number): AppcmdResult => ({ exitCode, stdout: Buffer.from('ERROR ( message:… )') });
  const empty = '<CONFIG><system.applicationHost-sites /></CONFIG>';
  // 1: nothing matches. Fine for a server without sites, a contradiction otherwise.
  deepEqual((await readInventory(host({ config: empty, site: ended(1), vdir: ended(1) }).host)).sites, []);
  await rejects(readInventory(host({ config: section, site: ended(1) }).host), { code: 'IIS_APPCMD_FAILED' });
  await rejects(readInventory(host({ config: ended(1), site: list }).host), { code: 'IIS_APPCMD_FAILED' });
  await rejects(readInventory(host({ config: section, site: list, vdir: ended(5) }).host), {
    code: 'IIS_ACCESS_DENIED',
    details: { command: 'appcmd list vdir /xml', exitCode: 5 },
  });
  await rejects(readInventory(host({ config: section, site: list, vdir: ended(0x80070005) }).host), {
    code: 'IIS_ACCESS_DENIED',
  });
  await rejects(readInventory(host({ config: section, site: ended(0) }).host), { code: 'IIS_APPCMD_OUTPUT_INVALID' });
});

test('an answer in another code page is used and reported', async () => {
  const stdout = Buffer.from(`<appcmd>${list.replaceAll('ë', '\u00eb')}</appcmd>`, 'latin1');
  const { problems } = await readInventory(host({ config: section, site: { exitCode: 0, stdout } }).host);
  deepEqual(
    problems.map(({ code }) => code),
    ['appcmd-encoding'],
  );
});

test('references to a certificate: records, FTP settings, defaults', () => {
  const ftp = { certificateHash: OLD, certificateStore: 'MY' };
  const inventory = {
    records: [record('a:443', OLD.toUpperCase()), record('b:443', NEW)],
    sites: [site('F', [], { ftp, state: 'Stopped' }), site('G', [])],
    ftpDefaults: ftp,
  };
  deepEqual(referencesTo(OLD, inventory), ['http.sys record a:443', 'FTP setting of F', 'FTP setting of siteDefaults']);
  deepEqual(referencesTo('00'.repeat(20), inventory), []);
});

test('a shared read never gives a state that was read before the caller came', async () => {
  let state = 0;
  let reads = 0;
  const read = coalesce(async () => {
    reads += 1;
    const seen = state;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return seen;
  });
  const first = read();
  state = 1;
  const late = [read(), read(), read()];
  deepEqual(await Promise.all([first, ...late]), [0, 1, 1, 1]);
  equal(reads, 2);
  state = 2;
  equal(await read(), 2);
});

test('a shared read that fails fails its callers only', async () => {
  let fail = true;
  const read = coalesce(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    if (fail) throw new Error('no');
    return 1;
  });
  const first = read();
  const second = read();
  await rejects(first);
  fail = false;
  equal(await second, 1);
  equal(await read(), 1);
});
