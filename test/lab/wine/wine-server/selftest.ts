import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../../../lab/wine/lab.ts';
import { readLabKeys } from '../../../../lab/wine/doubles/key-files.ts';
import { startWineServer, type WineServer } from '../../../../lab/wine/renew/server.ts';
import { readInventory } from '../../../../src/iis/inventory.ts';

interface Report {
  readonly ok: boolean;
  readonly steps: readonly { readonly step: string; readonly outcome: string }[];
}

let server: WineServer;
/** Everything that a self-test could leave behind or spoil. */
async function traces(): Promise<string> {
  const { sites, records, certificates } = await readInventory(server.host);
  const keys = await readLabKeys(server.prefix.keysFolder);
  return JSON.stringify({ sites, records, certificates, keys: keys.map(({ provider, name }) => [provider, name]) });
}

async function selftest(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Report | null> {
  const { stdout } = await server.everbind(['selftest', '--json', ...args], { env });
  return stdout === '' ? null : (JSON.parse(stdout) as Report);
}

export function selfTestTests(): void {
  describe('everbind selftest under Wine', () => {
    before(async () => {
      server = await startWineServer(await ensureLab());
    });
    after(() => server.stop());

    it('passes and leaves the server as it was, with keys of each kind', async () => {
      const skipped = await traces();
      for (const args of [
        ['--algorithm', 'ec-p384'],
        ['--algorithm', 'rsa-2048'],
        ['--provider', 'Microsoft Platform Crypto Provider'],
      ]) {
        const report = await selftest({}, ...args);
        const failed = report?.steps.filter(({ outcome }) => outcome !== 'passed');
        assert.deepEqual(failed, [], args.join(' '));
        assert.equal(report?.ok, true);
        assert.equal(await traces(), skipped, args.join(' '));
      }
    });

    it('that is killed leaves what the next one removes', async () => {
      const skipped = await traces();
      for (const kill of [
        'NCryptFinalizeKey:after:1:kill',
        'HttpSetServiceConfiguration:after:1:kill',
        'HttpUpdateServiceConfiguration:after:1:kill',
        'HttpDeleteServiceConfiguration:after:1:kill',
      ]) {
        assert.equal(await selftest({ EVERBIND_LAB_FAULTS: kill }), null, kill);
        assert.notEqual(await traces(), skipped, kill);
        assert.equal((await selftest({}))?.ok, true, kill);
        assert.equal(await traces(), skipped, kill);
      }
    });
  });
}
