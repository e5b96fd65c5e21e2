import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { WindowsError } from '../../src/errors/error.ts';
import type { Inventory } from '../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { referencesTo } from '../../src/iis/records/references.ts';
import { coalesce } from '../../src/concurrency/coalesce.ts';
import type { AppcmdResult, WindowsHost } from '../../src/ports/windows-host.ts';
import { NEW, OLD, record, site } from './fixtures.ts';

const shop = `<site name="Wëb" id="1"><application path="/"><virtualDirectory path="/" physicalPath="D:\\web" /></application>
  <bindings><binding protocol="https" bindingInformation="*:443:a" sslFlags="33" /></bindings>
  <ftpServer><security><ssl serverCertHash="${OLD.toUpperCase()}" /></security></ftpServer></site>`;
const inside = `${shop}<site name="B" id="2" serverAutoStart="false" />
  <siteDefaults><bindings><binding protocol="http" bindingInformation="*:81:" /></bindings><ftpServer><security><ssl serverCertHash="${NEW}" /></security></ftpServer></siteDefaults>`;
const list = `<SITE SITE.NAME="W?b" SITE.ID="1" bindings="https/*:443:a" state="Started" />
  <SITE SITE.NAME="B" SITE.ID="2" bindings="" state="Stopped" />`;
const section = `<CONFIG CONFIG.SECTION="system.applicationHost/sites"><system.applicationHost-sites>${inside.replaceAll('ë', '?')}</system.applicationHost-sites></CONFIG>`;

const HOME = 'config\\applicationHost.config';
const REDIRECTION = 'config\\redirection.config';

function configuration(sites: string): string {
  return `<configuration><system.applicationHost><sites>${sites}</sites></system.applicationHost></configuration>`;
}

function redirectedTo(path: string, enabled = 'true'): string {
  return `<configuration><configSections><section name="configurationRedirection" /></configSections>
    <configurationRedirection enabled="${enabled}" path="${path}" userName="x" password="[enc:…]" /></configuration>`;
}

type Answers = Partial<Record<'config' | 'site', AppcmdResult | string>>;
/** Text of a file, or the status with which it cannot be read; in order, the last one for good. */
type Files = Readonly<Record<string, readonly (string | number)[]>>;

/** A host that answers the two lists of appcmd and has these files; `calls` tells what was read, in order. */
function host(answers: Answers, files: Files = { [HOME]: [configuration(inside)] }) {
  let running = 0;
  let most = 0;
  const calls: string[] = [];
  const slow = async <T>(value: T): Promise<T> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return value;
  };
  const appcmd = (args: readonly string[]): Promise<AppcmdResult> => {
    calls.push(args.slice(0, 2).join(' '));
    const answer = answers[args[1] as keyof Answers] ?? '';
    return slow(
      typeof answer === 'string'
        ? { exitCode: 0, stdout: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>${answer}</appcmd>`) }
        : answer,
    );
  };
  const read = async (path: string): Promise<Uint8Array | null> => {
    const before = calls.filter((call) => call === path).length;
    calls.push(path);
    const content = files[path]?.[before] ?? files[path]?.at(-1);
    await slow(null);
    if (typeof content === 'number') throw new WindowsError('CreateFileW', content, { path });
    return content === undefined ? null : Buffer.from(content);
  };
  const made = {
    appcmd,
    files: { read },
    sslRecords: { enumerate: () => slow([record('a:443', OLD)]) },
    certificates: { list: (store: string) => slow([{ store }]) },
  };
  return { host: made as unknown as WindowsHost, most: () => most, calls };
}

function named({ sites }: Inventory): readonly (readonly [string, number | null, string])[] {
  return sites.map(({ name, id, state }) => [name, id, state]);
}

function codes({ problems }: Inventory): readonly string[] {
  return problems.map(({ code }) => code);
}

const ASIS = [
  ['Wëb', 1, 'Started'],
  ['B', 2, 'Stopped'],
];

test('the inventory joins what is configured, what runs, records and certificates, read at the same time', async () => {
  const simulated = host({ site: list });
  const inventory = await readInventory(simulated.host);
  deepEqual(named(inventory), ASIS);
  deepEqual(
    inventory.sites.map(({ rootPath, serverAutoStart, ftp }) => [rootPath, serverAutoStart, ftp]),
    [
      ['D:\\web', true, { certificateHash: OLD, certificateStore: 'MY' }],
      [null, false, null],
    ],
  );
  deepEqual(
    inventory.sites.map(({ bindings }) => bindings.map(({ text, sslFlags, inherited }) => [text, sslFlags, inherited])),
    [[['*:443:a', 33, false]], [['*:81:', 0, true]]],
  );
  deepEqual(inventory.ftpDefaults, { certificateHash: NEW, certificateStore: 'MY' });
  deepEqual([inventory.records.length, inventory.certificates.length, inventory.problems], [1, 2, []]);
  equal(simulated.most(), 5);
  deepEqual(simulated.calls, [REDIRECTION, 'list site', HOME], 'appcmd is asked for states alone, once');
});

test('states belong to sites by their ids, whatever the order and however the file writes them', async () => {
  const sites = '<site name="A" id="07" /><site name="B" id="2" /><site name="C" id="2" />';
  const states =
    '<SITE SITE.ID="2" state="Stopped" /><SITE SITE.ID="7" state="Started" /><SITE SITE.ID="2" state="Started" />';
  const inventory = await readInventory(host({ site: states }, { [HOME]: [configuration(sites)] }).host);
  deepEqual(named(inventory), [
    ['A', 7, 'Started'],
    ['B', 2, 'Stopped'],
    ['C', 2, 'Started'],
  ]);
  deepEqual(codes(inventory), ['site-id-duplicate']);
});

test('a site that comes or goes between the two is looked at again; what only one of them has is reported', async () => {
  const late = host({ site: list }, { [HOME]: [configuration(shop), configuration(inside)] });
  const inventory = await readInventory(late.host);
  deepEqual([named(inventory), codes(inventory)], [ASIS, []]);
  equal(late.calls.filter((call) => call === 'list site').length, 2);
  const apart = await readInventory(
    host({ site: '<SITE SITE.ID="1" state="Started" /><SITE SITE.ID="9" SITE.NAME="?" state="Started" />' }).host,
  );
  deepEqual(named(apart), [
    ['Wëb', 1, 'Started'],
    ['B', 2, 'Unknown'],
  ]);
  deepEqual(
    apart.problems.map(({ target, code }) => [target, code]),
    [
      ['B', 'site-not-listed'],
      ['site 9', 'site-not-configured'],
    ],
  );
});

test('a shared configuration is read where redirection.config says', async () => {
  const stale = configuration('<site name="Stale" id="1" />');
  const shared = '\\\\files\\iis$\\farm\\applicationHost.config';
  for (const path of ['\\\\files\\iis$\\farm', '\\\\files\\iis$\\farm\\']) {
    const files = { [REDIRECTION]: [redirectedTo(path, 'True')], [HOME]: [stale], [shared]: [configuration(inside)] };
    const simulated = host({ site: list }, files);
    const inventory = await readInventory(simulated.host);
    deepEqual([named(inventory), codes(inventory)], [ASIS, []]);
    deepEqual(simulated.calls, [REDIRECTION, 'list site', shared]);
  }
  for (const off of [redirectedTo('\\\\files\\x', 'false'), redirectedTo(''), '<configuration />']) {
    const files = { [REDIRECTION]: [off], [HOME]: [configuration(inside)] };
    deepEqual(named(await readInventory(host({ site: list }, files).host)), ASIS);
  }
});

test('what cannot be read is asked of appcmd, and reported: names may be wrong', async () => {
  const shared = '\\\\files\\farm\\applicationHost.config';
  const redirection = [redirectedTo('\\\\files\\farm')];
  const unreadable: readonly Files[] = [
    { [REDIRECTION]: redirection, [shared]: [1326], [HOME]: [configuration('')] },
    { [REDIRECTION]: redirection, [HOME]: [configuration('')] },
    { [REDIRECTION]: ['<configuration>'], [HOME]: [configuration(inside)] },
    { [REDIRECTION]: [5], [HOME]: [configuration(inside)] },
    { [HOME]: ['<sites />'] },
    { [HOME]: [223] },
    {},
  ];
  for (const files of unreadable) {
    const inventory = await readInventory(host({ site: list, config: section }, files).host);
    deepEqual(named(inventory), [
      ['W?b', 1, 'Started'],
      ['B', 2, 'Stopped'],
    ]);
    deepEqual(codes(inventory), ['configuration-unreadable']);
    deepEqual(
      inventory.sites.map(({ bindings }) => bindings.map(({ text, sslFlags }) => [text, sslFlags])),
      [[['*:443:a', 33]], [['*:81:', 0]]],
    );
  }
});

test('what is no configuration of a server is an error where appcmd knows no site either, and not a server without sites', async () => {
  const none: readonly string[] = [
    inside.slice(0, inside.indexOf('</site>') + 7),
    `<sites>${inside}</sites>`,
    '',
    '\ufeff',
    '\0'.repeat(4096),
    '<configuration />',
    '<configuration><system.webServer /></configuration>',
    configuration(inside).replace('<configuration>', '<configuration xmlns="urn:other">'),
    configuration(inside).replaceAll('configuration>', 'Configuration>'),
  ];
  const refused: AppcmdResult = { exitCode: 13, stdout: Buffer.from('ERROR ( message:Configuration error )') };
  for (const text of none) {
    for (const site of ['', refused]) {
      const simulated = host({ site, config: refused }, { [HOME]: [text] });
      await rejects(readInventory(simulated.host), { code: 'IIS_CONFIG_INVALID' }, text.slice(0, 60));
    }
  }
  for (const fine of [configuration(''), configuration(inside).replace('<sites>', '<sites xmlns="">')]) {
    const whole = await readInventory(host({ site: fine.includes('site ') ? list : '' }, { [HOME]: [fine] }).host);
    deepEqual(whole.problems, []);
  }
  const located = `<configuration><location path=".">${configuration(inside).slice(15, -16)}</location></configuration>`;
  deepEqual(named(await readInventory(host({ site: list }, { [HOME]: [located] }).host)), ASIS);
});

test('a file that another program is writing is read again', async () => {
  for (const first of [32, 33, '', '<configuration><system.applic']) {
    const simulated = host({ site: list, config: section }, { [HOME]: [first, configuration(inside)] });
    const inventory = await readInventory(simulated.host);
    deepEqual([named(inventory), codes(inventory)], [ASIS, []], String(first));
  }
  const denied = host({ site: list, config: section }, { [HOME]: [5, configuration(inside)] });
  deepEqual(codes(await readInventory(denied.host)), ['configuration-unreadable']);
});

test('sites in another file of the folder are read there', async () => {
  const home =
    '<configuration><system.applicationHost><sites configSource="more\\sites.config" /></system.applicationHost></configuration>';
  const files = { [HOME]: [home], 'config\\more\\sites.config': [`<sites>${inside}</sites>`] };
  const inventory = await readInventory(host({ site: list }, files).host);
  deepEqual([named(inventory), codes(inventory)], [ASIS, []]);
  for (const [source, text] of [
    ['more\\none.config', ''],
    ['..\\sites.config', inside],
    ['C:\\sites.config', inside],
    ['%windir%\\sites.config', inside],
    ['other.config', configuration(inside)],
  ] as const) {
    const there = {
      [HOME]: [home.replace('more\\sites.config', source)],
      [`config\\${source}`]: [`<sites>${text}</sites>`],
    };
    const others = source === 'other.config' ? { ...there, 'config\\other.config': [text] } : there;
    const wrong = source === 'more\\none.config' ? { [HOME]: there[HOME] ?? [] } : others;
    deepEqual(codes(await readInventory(host({ site: list, config: section }, wrong).host)), [
      'configuration-unreadable',
    ]);
  }
});

test('exit codes decide where there is nothing to read', async () => {
  const ended = (exitCode: number, text = 'ERROR ( message:… )'): AppcmdResult => ({
    exitCode,
    stdout: Buffer.from(text),
  });
  const nothing = { [HOME]: [configuration('')] };
  // Without a match it is 1 or 0, with or without an empty list. Fine for a server without sites, a contradiction
  // otherwise.
  for (const empty of [ended(1, ''), ended(1, '<appcmd />'), ended(0, '<appcmd />')]) {
    deepEqual((await readInventory(host({ site: empty }, nothing).host)).sites, []);
    await rejects(readInventory(host({ site: empty }).host), { code: 'IIS_APPCMD_FAILED' });
  }
  const whole = ended(4312, `<appcmd>${list}</appcmd>`);
  deepEqual(named(await readInventory(host({ site: whole }).host)), ASIS);
  await rejects(readInventory(host({ site: ended(87, `<appcmd>${list}`) }).host), { code: 'IIS_APPCMD_FAILED' });
  await rejects(readInventory(host({ site: list, config: ended(1) }, {}).host), { code: 'IIS_APPCMD_FAILED' });
  for (const denied of [5, 0x8007_0005]) {
    await rejects(readInventory(host({ site: ended(denied) }).host), {
      code: 'IIS_ACCESS_DENIED',
      details: { command: 'appcmd list site /xml', exitCode: denied },
    });
  }
  await rejects(readInventory(host({ site: ended(0) }).host), { code: 'IIS_APPCMD_OUTPUT_INVALID' });
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
