import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseSiteList, parseSitesSection, parseVirtualDirectoryList } from '../../src/iis/config/appcmd-output.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { ContractContext, ContractHost } from './windows-host-support.ts';

const SITE = 'Everbind contract é 漢';

export function appcmdContract(name: string, { open }: ContractContext): void {
  describe(`${name}: appcmd`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
      const port = opened.ports[0];
      const added = await run(opened.host, 'add', 'site', `/name:${SITE}`, `/bindings:https/*:${port}:a.contract.test`);
      assert.equal(added.exitCode, 0, added.text);
      const folder = `${opened.folder}\\vdir`;
      const second = `/physicalPath:${folder}`;
      const other = await run(opened.host, 'add', 'site', `/name:${SITE} 2`, `/bindings:http/*:${port + 1}:`, second);
      assert.equal(other.exitCode, 0, other.text);
    });
    after(async () => {
      await run(opened.host, 'delete', 'site', SITE);
      await run(opened.host, 'delete', 'site', `${SITE} 2`);
      await opened.close();
    });

    const listed = async (): Promise<ReturnType<typeof parseSiteList>[number]> => {
      const { stdout } = await opened.host.appcmd(['list', 'site', '/config', '/xml']);
      const site = parseSiteList(stdout).find((candidate) => candidate.name === SITE);
      assert.ok(site !== undefined);
      return site;
    };
    const flags = async (): Promise<readonly (string | undefined)[]> =>
      (await listed()).configuration?.bindings.map(({ attributes }) => attributes['sslFlags']) ?? [];

    it('lists sites, their configuration and folders, names as they are', async () => {
      const port = opened.ports[0];
      assert.deepEqual((await listed()).bindings, [
        { protocol: 'https', bindingInformation: `*:${port}:a.contract.test` },
      ]);
      const section = await opened.host.appcmd(['list', 'config', '/section:system.applicationHost/sites', '/xml']);
      assert.ok(parseSitesSection(section.stdout).sites.some((site) => site.name === SITE));
      const directories = parseVirtualDirectoryList((await opened.host.appcmd(['list', 'vdir', '/xml'])).stdout);
      assert.deepEqual(
        directories.filter(({ application }) => application === `${SITE} 2/`),
        [{ application: `${SITE} 2/`, path: '/', physicalPath: `${opened.folder}\\vdir` }],
      );
    });

    it('adds, changes and removes a binding; the flags are kept', async () => {
      const binding = `[protocol='https',bindingInformation='*:${opened.ports[0]}:b.contract.test']`;
      const withFlags = binding.replace(']', ",sslFlags='1']");
      assert.equal((await run(opened.host, 'set', 'site', SITE, `/+bindings.${withFlags}`)).exitCode, 0);
      assert.deepEqual(await flags(), [undefined, '1']);
      assert.equal((await run(opened.host, 'set', 'site', SITE, `/bindings.${binding}.sslFlags:33`)).exitCode, 0);
      assert.deepEqual(await flags(), [undefined, '33']);
      const duplicate = await run(opened.host, 'set', 'site', `/site.name:${SITE}`, `/+bindings.${binding}`);
      assert.equal(duplicate.exitCode, 183);
      assert.match(duplicate.text, /\S/);
      assert.equal((await run(opened.host, 'set', 'site', SITE, `/-bindings.${binding}`)).exitCode, 0);
      assert.deepEqual(await flags(), [undefined]);
      assert.notEqual((await run(opened.host, 'set', 'site', SITE, `/-bindings.${binding}`)).exitCode, 0);
    });

    it('sets the FTP certificate of a site', async () => {
      const hash = 'AB'.repeat(20);
      const path = `/[name='${SITE}'].ftpServer.security.ssl.serverCertHash:${hash}`;
      const section = '-section:system.applicationHost/sites';
      assert.equal((await run(opened.host, 'set', 'config', section, path, '/commit:apphost')).exitCode, 0);
      assert.equal((await listed()).configuration?.ftpServer?.ssl?.['serverCertHash'], hash);
    });

    it('stops and starts a site', async () => {
      assert.equal((await run(opened.host, 'stop', 'site', SITE)).exitCode, 0);
      assert.equal((await listed()).state, 'Stopped');
      assert.equal((await run(opened.host, 'start', 'site', SITE)).exitCode, 0);
      assert.equal((await listed()).state, 'Started');
    });

    it('says with its exit code that it could not do something, with a text on stdout', async () => {
      const missing = await run(opened.host, 'set', 'site', 'no such site', '/serverAutoStart:false');
      assert.notEqual(missing.exitCode, 0);
      assert.match(missing.text, /\S/);
      assert.notEqual((await run(opened.host, 'list', 'site', 'no such site', '/xml')).exitCode, 0);
      assert.notEqual((await run(opened.host, 'no-such-verb', 'site')).exitCode, 0);
      const again = await run(opened.host, 'add', 'site', `/name:${SITE}`, '/bindings:http/*:80:');
      assert.equal(again.exitCode, 183);
    });

    it('makes a backup', async () => {
      const backup = `everbind contract ${opened.ports[0]}`;
      assert.equal((await run(opened.host, 'add', 'backup', backup)).exitCode, 0);
      assert.match((await run(opened.host, 'list', 'backup')).text, new RegExp(backup));
      assert.equal((await run(opened.host, 'delete', 'backup', backup)).exitCode, 0);
    });
  });
}

async function run(
  host: WindowsHost,
  ...args: readonly string[]
): Promise<{ readonly exitCode: number; readonly text: string }> {
  const { exitCode, stdout } = await host.appcmd(args);
  return { exitCode, text: Buffer.from(stdout).toString('utf8') };
}
