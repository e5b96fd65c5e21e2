import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../../../lab/wine/lab.ts';
import { readLabKeys } from '../../../../lab/wine/doubles/key-files.ts';
import { startWineServer, type WineServer } from '../../../../lab/wine/renew/server.ts';
import type { ResultFile } from '../../../../src/selftest/result-file.ts';
import { readInventory } from '../../../../src/iis/inventory.ts';

let server: WineServer;
/** Everything that a self-test could leave behind or spoil. */
async function traces(): Promise<string> {
  const { sites, records, certificates } = await readInventory(server.host);
  const issuers = await Promise.all((['CA', 'Root'] as const).map((store) => server.host.certificates.list(store)));
  // Those of imports, whose names nobody knows, are among them.
  const keys = (await readLabKeys(server.prefix.keysFolder)).map(({ provider, name }) => [provider, name]);
  return JSON.stringify({ sites, records, certificates, issuers, keys });
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
      for (const args of [[], ['--provider', 'Microsoft Platform Crypto Provider', '--algorithm', 'rsa-2048']]) {
        const result = await selftest({}, ...args);
        const failed = result?.steps.filter(({ outcome }) => outcome === 'failed');
        assert.deepEqual(failed, [], args.join(' '));
        assert.equal(result?.host, 'wine');
        assert.deepEqual(result.leftovers, []);
        assert.ok(result.summary.yes > 60, args.join(' '));
        assert.equal(await traces(), untouched, args.join(' '));
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
        assert.equal(await selftest({ EVERBIND_LAB_FAULTS: kill }, ...algorithm), null, kill);
        assert.notEqual(await traces(), untouched, kill);
        assert.deepEqual((await selftest({}, ...algorithm))?.summary.blocking, [], kill);
        assert.equal(await traces(), untouched, kill);
      }
    });
  });
}
