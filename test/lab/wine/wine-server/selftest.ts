import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../../../lab/wine/lab.ts';
import { readLabKeys } from '../../../../lab/wine/doubles/key-files.ts';
import { startWineServer, type WineServer } from '../../../../lab/wine/renew/server.ts';
import type { ResultFile } from '../../../../src/selftest/result-file.ts';
import { readInventory } from '../../../../src/iis/inventory.ts';

let server: WineServer;
/** Everything that a self-test could leave behind or spoil, a line each. */
async function traces(): Promise<readonly string[]> {
  const { sites, records } = await readInventory(server.host);
  // Not Root: Wine fills it from the roots of this machine, and does so again whenever it likes.
  const stores = (['MY', 'WebHosting', 'CA'] as const).map((store) => server.host.certificates.list(store));
  const certificates = (await Promise.all(stores)).flat();
  // Those of imports, whose names nobody knows, are among them.
  const keys = await readLabKeys(server.prefix.keysFolder);
  return [
    ...sites.map((site) => JSON.stringify(site)),
    ...records.map((record) => JSON.stringify(record)),
    ...certificates.map(({ store, thumbprint }) => `${store} ${thumbprint}`),
    ...keys.map(({ provider, name }) => `${provider} ${name}`),
  ];
}

async function selftest(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<ResultFile | null> {
  const { stdout } = await server.everbind(['selftest', '--json', ...args], { env });
  return stdout === '' ? null : (JSON.parse(stdout) as ResultFile);
}

export function selfTestTests(): void {
  describe('everbind selftest under Wine', () => {
    before(async () => {
      server = await startWineServer(await ensureLab());
    });
    after(() => server.stop());

    it('passes and leaves the server as it was, with keys of each kind', async () => {
      const untouched = await traces();
      for (const args of [[], ['--provider', 'Microsoft Platform Crypto Provider']]) {
        const result = await selftest({}, ...args);
        const failed = result?.steps.filter(({ outcome }) => outcome === 'failed');
        assert.deepEqual(failed, [], args.join(' '));
        assert.equal(result?.host, 'wine');
        assert.deepEqual(result.leftovers, []);
        assert.ok(result.steps.filter(({ outcome }) => outcome === 'passed').length > 60, args.join(' '));
        assert.deepEqual(await traces(), untouched);
      }
    });

    it('that is killed leaves what the next one removes', async () => {
      const untouched = await traces();
      const algorithm = ['--algorithm', 'ec-p256'];
      for (const kill of [
        'NCryptFinalizeKey:after:1:kill',
        'HttpSetServiceConfiguration:after:1:kill',
        'HttpUpdateServiceConfiguration:after:1:kill',
        'HttpDeleteServiceConfiguration:after:1:kill',
      ]) {
        // Each begins with what the one before it left; the last of these is killed while it removes that.
        assert.equal(await selftest({ EVERBIND_LAB_FAULTS: kill }, ...algorithm), null, kill);
        assert.notDeepEqual(await traces(), untouched, kill);
      }
      assert.deepEqual((await selftest({}, ...algorithm))?.summary.blocking, []);
      assert.deepEqual(await traces(), untouched);
    });
  });
}
