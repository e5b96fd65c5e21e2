import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { editXml } from '../../../lab/wine/doubles/appcmd/edit-xml.ts';
import { runFileAppcmd } from '../../../lab/wine/doubles/appcmd/file-appcmd.ts';
import { openConfigurationFile } from '../../../lab/wine/doubles/appcmd/configuration-file.ts';
import { hostFromCalls } from '../../../lab/sim-windows/host-calls.ts';
import { type MutableElement, mutableCopy } from '../../../lab/sim-windows/xml-writer.ts';
import { readXml } from '../../../src/iis/config/application-host-xml.ts';
import { parseSiteList } from '../../../src/iis/config/appcmd-output.ts';
import { appcmdContract } from '../../ports/windows-host-appcmd.ts';
import { openProbeHost, type ProbeHost } from './wine-doubles-probe.ts';

const demo = new URL('../../../lab/demo/applicationHost.config', import.meta.url);
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function inetsrv(content: string | Uint8Array): { readonly folder: string; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'everbind-appcmd-'));
  folders.push(folder);
  mkdirSync(join(folder, 'config'));
  const file = join(folder, 'config', 'applicationHost.config');
  writeFileSync(file, content);
  return { folder, file };
}

appcmdContract('appcmd double over a file', {
  ca: () => Promise.reject(new Error('not needed')),
  open: async () => {
    const { folder } = inetsrv(readFileSync(demo));
    const host = hostFromCalls(
      async (name, parameters) => {
        if (name === 'appcmd') return runFileAppcmd(folder, parameters[0] as readonly string[]);
        assert.equal(name, 'files.read');
        const path = join(folder, ...String(parameters[0]).split('\\'));
        return existsSync(path) ? readFileSync(path) : null;
      },
      () => Promise.reject(new Error('no HTTP server here')),
    );
    const unused = { limitedProvider: null, deviceless: null };
    return { host, folder: 'C:\\contract', ports: [8443, 8080], close: async () => undefined, ...unused };
  },
});

const odd = [
  '\ufeff<?xml version="1.0" encoding="UTF-8"?>',
  '<!-- a > in a comment <site> -->',
  "<configuration  note='kept' >",
  '  <other a="1>2"   b=\'"\'/>',
  '    <system.applicationHost>',
  '        <sites>',
  '            <site name="One é 漢" id="1" ><!-- why -->',
  '                <bindings>',
  '                    <binding   protocol="https" bindingInformation="*:443:a.test" sslFlags="97"/>',
  '                    <binding protocol="http" bindingInformation="*:80:" />',
  '                </bindings>',
  '            </site>',
  '            <site name="Two" id="2"><application path="/"/><bindings><binding protocol="http" bindingInformation="*:81:"/></bindings></site>',
  '        </sites>',
  '    </system.applicationHost><!-- end -->',
  '</configuration>',
  '',
].join('\r\n');

describe('appcmd double: the file', () => {
  const lines = (text: string): readonly string[] => text.split('\r\n');

  it('changes the lines it must and no other octet', async () => {
    const { folder, file } = inetsrv(odd);
    const add = "/+bindings.[protocol='https',bindingInformation='*:443:b.test',sslFlags='1']";
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'One é 漢', add])).exitCode, 0);
    const added = '                    <binding protocol="https" bindingInformation="*:443:b.test" sslFlags="1" />';
    const expected = lines(odd).toSpliced(10, 0, added);
    assert.deepEqual(lines(readFileSync(file, 'utf8')), expected);
    const remove = "/-bindings.[protocol='https',bindingInformation='*:443:b.test']";
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'One é 漢', remove])).exitCode, 0);
    assert.equal(readFileSync(file, 'utf8'), odd);
    const flags = "/bindings.[protocol='https',bindingInformation='*:443:a.test'].sslFlags:1";
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'One é 漢', flags])).exitCode, 0);
    const changed = '                    <binding protocol="https" bindingInformation="*:443:a.test" sslFlags="1" />';
    assert.deepEqual(lines(readFileSync(file, 'utf8')), lines(odd).toSpliced(8, 1, changed));
    assert.deepEqual(readdirSync(join(folder, 'config')), ['applicationHost.config']);
  });

  it('keeps UTF-16 and its mark', async () => {
    const text = odd.replace('UTF-8', 'UTF-16');
    const { folder, file } = inetsrv(Buffer.from(text, 'utf16le'));
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'Two', '/serverAutoStart:false'])).exitCode, 0);
    const edited = text.replace('name="Two" id="2"', 'name="Two" id="2" serverAutoStart="false"');
    assert.equal(readFileSync(file, 'utf16le'), edited);
  });

  it('restores a backup octet by octet', async () => {
    const { folder, file } = inetsrv(odd);
    assert.equal((await runFileAppcmd(folder, ['add', 'backup', 'before'])).exitCode, 0);
    assert.equal((await runFileAppcmd(folder, ['add', 'backup', 'before'])).exitCode, 183);
    assert.equal((await runFileAppcmd(folder, ['delete', 'site', 'Two'])).exitCode, 0);
    assert.notEqual(readFileSync(file, 'utf8'), odd);
    assert.equal((await runFileAppcmd(folder, ['restore', 'backup', 'before'])).exitCode, 0);
    assert.equal(readFileSync(file, 'utf8'), odd);
    assert.equal((await runFileAppcmd(folder, ['restore', 'backup', 'none'])).exitCode, 2);
    assert.equal((await runFileAppcmd(folder, ['add', 'backup', '..\\out'])).exitCode, 87);
  });

  it('does not overwrite what another has written meanwhile', async () => {
    const { file } = inetsrv(odd);
    const opened = openConfigurationFile(file);
    const theirs = odd.replace('Two', 'Zwei');
    writeFileSync(file, theirs);
    const root = mutableCopy(readXml(opened.octets));
    root.attributes['note'] = 'mine';
    await assert.rejects(opened.write(root), { name: 'AppcmdRefusal', exitCode: 1006 });
    assert.equal(readFileSync(file, 'utf8'), theirs);
  });

  it('ends with 2 and 183 as documented, and changes no file', async () => {
    const { folder, file } = inetsrv(odd);
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'none', '/id:3'])).exitCode, 2);
    assert.equal((await runFileAppcmd(folder, ['add', 'site', '/name:Two'])).exitCode, 183);
    const duplicate = "/+bindings.[protocol='http',bindingInformation='*:80:']";
    assert.equal((await runFileAppcmd(folder, ['set', 'site', 'One é 漢', duplicate])).exitCode, 183);
    assert.equal(readFileSync(file, 'utf8'), odd);
  });
});

describe('appcmd double under Wine', () => {
  const APPCMD = 'C:\\windows\\system32\\inetsrv\\appcmd.exe';
  const CONFIGURATION = join('windows', 'system32', 'inetsrv', 'config', 'applicationHost.config');
  const NAME = 'Neu é 漢 "quoted" \\';
  let host: ProbeHost;
  before(async () => {
    host = await openProbeHost({ applicationHostConfig: Buffer.from(odd) });
  });
  after(() => host.close());

  it('takes its arguments as they are and writes its output in Windows-1252, with the exit codes of appcmd', async (t) => {
    const add = ['add', 'site', `/name:${NAME}`, '/bindings:https/*:9443:new.test'];
    const lists = [
      ['list', 'site', NAME, '/xml'],
      ['list', 'site', 'none', '/xml'],
    ];
    const commands = [add, add, ...lists, ['set', 'site', 'none', '/id:7'], ['no', 'such']];
    const ends = await host.runAll(commands.map((args) => ({ program: APPCMD, args })));
    assert.deepEqual(
      ends.map(({ status }) => status),
      [0, 183, 0, 1, 2, 87],
    );
    const stdout = ends[2]?.stdout ?? Buffer.alloc(0);
    assert.equal(parseSiteList(stdout).length, 1);
    assert.ok(stdout.toString('latin1').includes('SITE.NAME="Neu é ? &quot;quoted&quot; \\"'));
    for (const { stdout } of ends) assert.match(stdout.toString(), /\S/);
    const text = readFileSync(join(host.prefix.driveC, CONFIGURATION), 'utf8');
    assert.equal(text.replace(/\r\n *<site name="Neu [^]*?<\/site>/, ''), odd);
    const slowest = Math.max(...ends.map(({ milliseconds }) => milliseconds));
    t.diagnostic(`one appcmd takes up to ${slowest} ms`);
  });

  it('keeps state and backups from one process to the next', async () => {
    const before = readFileSync(join(host.prefix.driveC, CONFIGURATION));
    const commands = [
      ['add', 'backup', 'b'],
      ['stop', 'site', 'Two'],
      ['stop', 'site', 'One é 漢'],
      ['list', 'site', 'Two', '/text:state'],
      ['delete', 'site', NAME],
      ['list', 'backup'],
      ['restore', 'backup', 'b'],
      ['delete', 'backup', 'b'],
      ['list', 'backup'],
    ];
    const ends = await host.runAll(commands.map((args) => ({ program: APPCMD, args })));
    assert.deepEqual(
      ends.map(({ status }) => status),
      // A site without an application for / is none that IIS can stop.
      [0, 0, 0x8007_10d8, 0, 0, 0, 0, 0, 1],
    );
    assert.equal(ends[3]?.stdout.toString().trim(), 'Stopped');
    assert.deepEqual(readFileSync(join(host.prefix.driveC, CONFIGURATION)), before);
  });

  it('fails as it is told, before or after the effect', async () => {
    const before = readFileSync(join(host.prefix.driveC, CONFIGURATION));
    const set = { program: APPCMD, args: ['set', 'site', 'Two', '/serverAutoStart:false'] };
    const [early] = await host.runAll([{ ...set, env: { EVERBIND_LAB_FAULTS: 'appcmd-set-site:1:5' } }]);
    assert.equal(early?.status, 5);
    assert.deepEqual(readFileSync(join(host.prefix.driveC, CONFIGURATION)), before);
    const [late] = await host.runAll([{ ...set, env: { EVERBIND_LAB_FAULTS: 'appcmd-set-site:after:*:5' } }]);
    assert.equal(late?.status, 5);
    assert.match(readFileSync(join(host.prefix.driveC, CONFIGURATION), 'utf8'), /serverAutoStart="false"/);
    const calls = (await host.calls()).slice(-2).map(([, call, status, how]) => `${call} ${status} ${how}`);
    assert.deepEqual(calls, ['appcmd-set-site 0x00000005 fault', 'appcmd-set-site 0x00000005 fault-after']);
  });
});

describe('editXml', () => {
  const documents = [odd.slice(1), readFileSync(demo, 'utf8')];
  const elements = (root: MutableElement): readonly MutableElement[] => [root, ...root.children.flatMap(elements)];

  it('gives a text that reads as the tree it was given, for any changes', () => {
    const step = fc.record({
      at: fc.nat(10_000),
      what: fc.constantFrom('attribute', 'drop', 'append', 'insert', 'remove', 'swap'),
      value: fc.string({ unit: fc.constantFrom('a', '"', "'", '<', '>', '&', 'é', '漢', '/', ' ', '\n') }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.array(step, { minLength: 1, maxLength: 6 }), (text, steps) => {
        const before = readXml(text);
        const root = mutableCopy(before);
        for (const { at, what, value } of steps) {
          const all = elements(root);
          const element = all[at % all.length] ?? root;
          const fresh = { name: 'added', attributes: { value }, children: [] };
          if (what === 'attribute') element.attributes['changed'] = value;
          else if (what === 'drop') element.attributes = {};
          else if (what === 'append') element.children.push(fresh);
          else if (what === 'insert') element.children.unshift(fresh);
          else if (what === 'remove') element.children.splice(at % (element.children.length + 1), 1);
          else element.children.reverse();
        }
        assert.deepEqual(readXml(editXml(text, before, root)), root);
      }),
      { numRuns: 500 },
    );
  });
});
