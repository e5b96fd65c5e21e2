import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { parseSiteList } from '../../src/iis/config/appcmd-output.ts';
import type { RawSite } from '../../src/iis/config/application-host-sites.ts';
import type { SiteState } from '../../src/iis/config/inventory-types.ts';
import { readSitesSection } from '../../src/iis/configuration.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { ContractContext, ContractHost } from './windows-host-support.ts';

const SITE = 'Everbind contract é 漢';

// What appcmd wrote is in the configuration at once; when a site has started is another matter. Exit codes are asked
// for where Microsoft or published scripts say what they are.
export function appcmdContract(name: string, { open }: ContractContext): void {
  describe(`${name}: appcmd`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
      const [first, second] = opened.ports;
      await added(SITE, `/bindings:https/*:${first}:a.contract.test`);
      await added(`${SITE} 2`, `/bindings:http/*:${second}:`);
    });
    after(async () => {
      await run(opened.host, 'delete', 'site', SITE);
      await run(opened.host, 'delete', 'site', `${SITE} 2`);
      await opened.close();
    });

    // Without a folder a site has no application for /, and does not start.
    const added = async (site: string, bindings: string): Promise<void> => {
      const folder = `/physicalPath:${opened.folder}\\vdir`;
      const { exitCode, text } = await run(opened.host, 'add', 'site', `/name:${site}`, bindings, folder);
      assert.equal(exitCode, 0, text);
    };
    const configured = async (wanted = SITE): Promise<RawSite> => {
      const site = (await readSitesSection(opened.host)).sites.find((candidate) => candidate.name === wanted);
      assert.ok(site !== undefined, `the configuration has no site ${wanted}`);
      return site;
    };
    const state = async (): Promise<SiteState | 'not listed'> => {
      const { id } = await configured();
      const { stdout } = await opened.host.appcmd(['list', 'site', '/xml']);
      return parseSiteList(stdout).find((site) => site.id === id)?.state ?? 'not listed';
    };
    const becomes = async (wanted: SiteState): Promise<void> => {
      for (let waited = 0; waited < 15_000 && (await state()) !== wanted; waited += 50) await sleep(50);
      assert.equal(await state(), wanted);
    };
    const flags = async (): Promise<readonly string[]> =>
      (await configured()).bindings.map(({ attributes }) => attributes['sslFlags'] ?? '0');

    it('writes sites into the configuration, names as they are, and lists them by id with their state', async () => {
      const [first, second] = opened.ports;
      const [binding] = (await configured()).bindings;
      assert.equal(binding?.attributes['protocol'], 'https');
      assert.equal(binding?.attributes['bindingInformation'], `*:${first}:a.contract.test`);
      const other = await configured(`${SITE} 2`);
      assert.equal(other.bindings[0]?.attributes['bindingInformation'], `*:${second}:`);
      const [application] = other.applications;
      assert.deepEqual(
        [application?.path, application?.virtualDirectories.map(({ path, physicalPath }) => [path, physicalPath])],
        ['/', [['/', `${opened.folder}\\vdir`]]],
      );
      await becomes('Started');
      // The list with the filter that a wait uses.
      const { id } = await configured();
      const { stdout } = await opened.host.appcmd(['list', 'site', `/id:${id}`, '/xml']);
      assert.deepEqual(parseSiteList(stdout), [{ id, state: 'Started' }]);
    });

    it('adds, changes and removes a binding; the flags are kept', async (t) => {
      const section = ['set', 'config', '-section:system.applicationHost/sites'];
      const binding = `[protocol='https',bindingInformation='*:${opened.ports[0]}:b.contract.test']`;
      const { id } = await configured();
      const set = async (operation: string, setting: string, wanted: readonly string[]): Promise<void> => {
        const byId = [...section, `/${operation}[id='${id}'].${setting}`, '/commit:apphost'];
        const { exitCode } = await run(opened.host, ...byId);
        if ((await flags()).join() === wanted.join()) return;
        t.diagnostic(`a site is not found by its id alone: ${exitCode}`);
        const byName = [...section, `/${operation}[name='${SITE}'].${setting}`, '/commit:apphost'];
        assert.equal((await run(opened.host, ...byName)).exitCode, 0);
        assert.deepEqual(await flags(), wanted);
      };
      await set('+', `bindings.${binding}`, ['0', '0']);
      await set('', `bindings.${binding}.sslFlags:33`, ['0', '33']);
      await set('', `bindings.${binding}.sslFlags:1`, ['0', '1']);
      const twice = await run(opened.host, ...section, `/+[name='${SITE}'].bindings.${binding}`, '/commit:apphost');
      assert.notEqual(twice.exitCode, 0);
      assert.match(twice.text, /\S/);
      assert.deepEqual(await flags(), ['0', '1']);
      await set('-', `bindings.${binding}`, ['0']);
    });

    it('sets the FTP certificate of a site', async () => {
      const hash = 'AB'.repeat(20);
      const path = `/[name='${SITE}'].ftpServer.security.ssl.serverCertHash:${hash}`;
      const section = '-section:system.applicationHost/sites';
      assert.equal((await run(opened.host, 'set', 'config', section, path, '/commit:apphost')).exitCode, 0);
      assert.equal((await configured()).ftpServer?.ssl?.['serverCertHash'], hash);
    });

    it('stops and starts a site', async () => {
      await becomes('Started');
      assert.equal((await run(opened.host, 'stop', 'site', SITE)).exitCode, 0);
      await becomes('Stopped');
      assert.equal((await run(opened.host, 'start', 'site', SITE)).exitCode, 0);
      await becomes('Started');
    });

    it('says with its exit code that it could not do something, with a text on stdout', async () => {
      const missing = await run(opened.host, 'set', 'site', 'no such site', '/serverAutoStart:false');
      assert.notEqual(missing.exitCode, 0);
      assert.match(missing.text, /\S/);
      assert.notEqual((await run(opened.host, 'no-such-verb', 'site')).exitCode, 0);
      const again = await run(opened.host, 'add', 'site', `/name:${SITE}`, '/bindings:http/*:80:');
      assert.notEqual(again.exitCode, 0);
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
  return { exitCode, text: Buffer.from(stdout).toString('latin1') };
}
