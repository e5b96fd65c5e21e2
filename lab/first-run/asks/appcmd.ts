import { isUtf8 } from 'node:buffer';
import { createSiteChanges } from '../../../src/iis/change-sites.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { errorCode } from '../../../src/errors/error.ts';
import { type Ask, judge, judgeAll, statusText } from '../asking.ts';
import { FOLDER, hostOf, siteOf } from '../own-names.ts';
import { placeLeaf } from '../place.ts';
import { ownAppcmd, placeSite, stateOf, untilStarted } from './sites.ts';

// e with acute (in every Western code page), L with stroke (in 1250), two Chinese characters, an apostrophe. IIS allows
// no quotation mark in a name.
const LETTERS = "\u00e9 \u0141 \u6f22\u5b57 it's";
const [E_UTF8, E_ANSI, E_OEM] = ['c3a9', 'e9', '82'];

/** Question 24. */
export const askAppcmd: Ask = async (asking) => {
  const odd = siteOf(`q24 ${LETTERS}`);
  const port = await asking.port();
  const { name, exitCode: added } = await placeSite(asking, 'q24', `/physicalPath:${FOLDER}`);
  const oddly = await placeSite(asking, `q24 ${LETTERS}`, `/physicalPath:${FOLDER}`, `/bindings:http/*:${port}:`);
  const parts: [boolean, string][] = [
    [added === 0, `add site ${statusText(added)}`],
    [oddly.exitCode === 0, `add site with letters beyond ASCII ${statusText(oddly.exitCode)}`],
  ];
  const quoted = await placeSite(asking, 'q24 "q"', `/physicalPath:${FOLDER}`);
  parts.push([true, `add site with a quotation mark ${statusText(quoted.exitCode)}`]);
  const zero = async (what: string, ...args: readonly string[]): Promise<void> => {
    const { exitCode } = await ownAppcmd(asking, args);
    parts.push([exitCode === 0, `${what} ${statusText(exitCode)}`]);
  };
  const refused = async (what: string, ...args: readonly string[]): Promise<void> => {
    const { exitCode } = await ownAppcmd(asking, args);
    parts.push([exitCode !== 0, `${what} ${statusText(exitCode)}`]);
  };
  const binding = `[protocol='https',bindingInformation='*:${port}:${hostOf('q24')}']`;
  const absent = siteOf('q24 absent');
  await refused('add site again', 'add', 'site', `/name:${name}`);
  await zero('list site', 'list', 'site', name);
  await zero('list site /xml', 'list', 'site', name, '/xml');
  await zero('list site /config /xml', 'list', 'site', name, '/config', '/xml');
  await refused('list absent site', 'list', 'site', absent);
  await refused('list absent site /xml', 'list', 'site', absent, '/xml');
  await zero('list app', 'list', 'app', `${name}/`, '/xml');
  await zero('list vdir', 'list', 'vdir', `${name}/`, '/xml');
  await refused('set absent site', 'set', 'site', absent, `/+bindings.${binding}`);
  await zero('+binding', 'set', 'site', name, `/+bindings.${binding}`);
  await refused('+binding again', 'set', 'site', name, `/+bindings.${binding}`);
  await zero('sslFlags', 'set', 'site', name, `/bindings.${binding}.sslFlags:1`);
  await zero('-binding', 'set', 'site', name, `/-bindings.${binding}`);
  await refused('-absent binding', 'set', 'site', name, `/-bindings.${binding}`);
  await refused('unknown attribute', 'set', 'site', name, '/everbind:1');
  await refused('unknown object', 'list', 'everbind');
  await refused('start absent site', 'start', 'site', absent);
  await refused('stop absent site', 'stop', 'site', absent);
  await refused('delete absent site', 'delete', 'site', absent);
  await refused('delete absent backup', 'delete', 'backup', siteOf('q24 absent'));
  await refused('restore absent backup', 'restore', 'backup', siteOf('q24 absent'));
  const seen = await ownAppcmd(asking, ['list', 'site', odd, '/xml']);
  const octets = Buffer.from(seen.stdout);
  const hex = octets.toString('hex');
  const at = hex.indexOf(Buffer.from('first run q24 ').toString('hex'));
  const letters = at < 0 ? '' : hex.slice(at + 28, at + 80);
  const page = [E_UTF8, E_ANSI, E_OEM].find((code) => letters.startsWith(code ?? ''));
  const pages: Readonly<Record<string, string>> = { c3a9: 'UTF-8', e9: 'the ANSI code page', 82: 'the OEM code page' };
  const found = page === undefined ? 'another code page, or was not listed' : pages[page];
  parts.push([page === E_UTF8 || page === E_ANSI, `é was written in ${found} (UTF-8: ${isUtf8(octets)})`]);
  return { ...judge(parts), octetsHex: letters };
};

/** Question 25. */
export const askDelays: Ask = async (asking) => {
  const http = await asking.port();
  const { name, exitCode } = await placeSite(
    asking,
    'q25',
    `/physicalPath:${FOLDER}\\q25`,
    `/bindings:http/127.0.0.1:${http}:`,
  );
  const first = await stateOf(asking, name);
  const ms = await untilStarted(asking, name);
  await ownAppcmd(asking, ['stop', 'site', name]);
  const stopped = await stateOf(asking, name);
  const started = await ownAppcmd(asking, ['start', 'site', name]);
  const again = await untilStarted(asking, name);
  const bare = await placeSite(asking, 'q25 bare', `/bindings:http/127.0.0.1:${await asking.port()}:`);
  const bareStart = await ownAppcmd(asking, ['start', 'site', bare.name]);
  const bareState = await stateOf(asking, bare.name);
  return judgeAll([
    [
      exitCode === 0 && ms !== null,
      `add ${statusText(exitCode)}: ${first} at first, Started after ${ms ?? 'never'} ms`,
    ],
    [again !== null, `stop: ${stopped}; start ${statusText(started.exitCode)}: Started after ${again ?? 'never'} ms`],
    [true, `without a root application: start ${statusText(bareStart.exitCode)}, then ${bareState}`],
  ]);
};

/** Question 26. */
export const askFlags: Ask = async (asking) => {
  const port = await asking.port();
  const [plain, sni, one, numbered] = ['', hostOf('q26'), hostOf('one.q26'), hostOf('id.q26')].map(
    (host) => `*:${port}:${host}`,
  );
  const { name } = await placeSite(
    asking,
    'q26',
    `/physicalPath:${FOLDER}`,
    `/bindings:http/127.0.0.1:${await asking.port()}:`,
  );
  const set = async (text: string): Promise<number> => (await ownAppcmd(asking, ['set', 'site', name, text])).exitCode;
  await set(`/+bindings.[protocol='https',bindingInformation='${plain}']`);
  await set(`/+bindings.[protocol='https',bindingInformation='${sni}']`);
  await set(`/bindings.[protocol='https',bindingInformation='${sni}'].sslFlags:1`);
  const inside = await set(`/+bindings.[protocol='https',bindingInformation='${one}',sslFlags='1']`);
  // As the program names a site first; where appcmd refuses that, it takes the name.
  const id = (await readInventory(asking.host)).sites.find((site) => site.name === name)?.id ?? 0;
  const byId = await ownAppcmd(asking, [
    'set',
    'config',
    '-section:system.applicationHost/sites',
    `/+[id='${id}'].bindings.[protocol='https',bindingInformation='${numbered}']`,
    '/commit:apphost',
  ]);
  const { stdout } = await ownAppcmd(asking, ['list', 'site', name, '/config', '/xml']);
  const xml = Buffer.from(stdout).toString('latin1');
  const flags = (protocol: string, information: string): string => {
    const found = [...xml.matchAll(/<binding\s([^>]*)>/g)].find(
      ([, text = '']) => text.includes(`protocol="${protocol}"`) && text.includes(`Information="${information}"`),
    );
    return found === undefined ? 'no such binding' : (/sslFlags="([^"]*)"/.exec(found[1] ?? '')?.[1] ?? 'nothing');
  };
  const http = /<binding\s[^>]*protocol="http"[^>]*sslFlags=/.test(xml);
  const [without, withSni] = [flags('https', plain ?? ''), flags('https', sni ?? '')];
  return judgeAll([
    [without === '0' || without === 'nothing', `https without SNI: ${without}`],
    [withSni === '1', `https with SNI: ${withSni}`],
    [true, `http has sslFlags: ${http}`],
    [true, `in +[…]: ${statusText(inside)}, then ${flags('https', one ?? '')}`],
    [true, `by the id of the site alone: ${statusText(byId.exitCode)}, then ${flags('https', numbered ?? '')}`],
  ]);
};

/** Question 27. */
export const askFtp: Ask = async (asking) => {
  const { host, clock } = asking;
  const leaf = await placeLeaf(asking, { hosts: [hostOf('q27')] });
  const { name } = await placeSite(
    asking,
    'q27',
    `/physicalPath:${FOLDER}`,
    `/bindings:ftp/127.0.0.1:${await asking.port()}:`,
  );
  const changes = createSiteChanges(host, clock, { backUp: false });
  const attempt = (certificate: Parameters<typeof changes.setFtpCertificate>[1]): Promise<string> =>
    changes.setFtpCertificate(name, certificate).then(() => 'reads back', errorCode);
  const set = await attempt({ certificateHash: leaf.thumbprint, certificateStore: 'MY' });
  const emptied = await attempt(null);
  return judgeAll([
    [set === 'reads back', `set: ${set}`],
    [emptied === 'reads back', `emptied: ${emptied}`],
  ]);
};
