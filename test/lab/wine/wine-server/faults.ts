import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../../../lab/wine/lab.ts';
import { startWineServer, type WineServer } from '../../../../lab/wine/renew/server.ts';
import type { SslRecord } from '../../../../src/ports/windows-host.ts';
import { assertAtRest, assertRecordsStand, callsOf, isChange, type NativeCall } from './judge.ts';

// Native calls of a renewal under Wine fail one after another: before they do anything, and after they have done it.

const RENEW = ['renew', 'shop', '--force'];
const ACCESS_DENIED = 5;

export function faultTests(update: boolean): void {
  describe(update ? 'a failing native call' : 'a failing native call where records are replaced in two steps', () => {
    let server: WineServer;
    let records: readonly SslRecord[];
    before(async () => {
      server = await startWineServer(await ensureLab(), { update });
      records = await server.host.sslRecords.enumerate();
    });
    after(() => server.stop());

    const run = async ({ name, nth }: NativeCall, when: string): Promise<number | null> => {
      const fault = `${name}:${when}${nth}:${ACCESS_DENIED}`;
      const { status } = await server.everbind(RENEW, { env: { EVERBIND_LAB_FAULTS: fault } });
      assert.ok(status === 0 || status === 1, `${fault} ended with ${status}`);
      await assertRecordsStand(server, records, fault);
      return status;
    };

    it('leaves every record on the old or the new certificate', async () => {
      // Twice, so that there is an old certificate to remove.
      await callsOf(server, RENEW);
      const calls = await callsOf(server, RENEW);
      const wanted = calls.filter((call) =>
        // With two steps only those are looked at; everything else is the same.
        update ? isChange(call) || call.nth === 1 : /^Http(?:Set|Delete)/.test(call.name),
      );
      assert.ok(wanted.length >= 4);
      let failures = 0;
      for (const call of wanted) {
        failures += (await run(call, '')) === 0 ? 0 : 1;
        if (isChange(call)) failures += (await run(call, 'after:')) === 0 ? 0 : 1;
      }
      // Some are made up for (an update that says it failed, a key that is removed later), most are not.
      assert.ok(failures > wanted.length / 3, `${failures} of ${wanted.length} failed`);
      const last = await server.everbind(RENEW);
      assert.equal(last.status, 0, last.stdout);
      await assertRecordsStand(server, records, 'in the end');
      await assertAtRest(server, 'shop', 'in the end');
    });
  });
}
