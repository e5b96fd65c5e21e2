import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../../../lab/wine/lab.ts';
import { startWineServer, type WineServer } from '../../../../lab/wine/renew/server.ts';
import type { SslRecord } from '../../../../src/ports/windows-host.ts';
import { assertAtRest, assertRecordsStand, callsOf, isChange, ordersAndCertificates } from './judge.ts';

// The win32 build under Wine is killed at each commit and around each native call that changes something, and run
// again.

const RENEW = ['renew', 'shop', '--force'];

let server: WineServer;
let records: readonly SslRecord[];
let recoveries = 0;
/**
 * `nth`: the commit that it is killed at; a run that comes to its end with fewer commits has no such moment. Whether it
 * was killed.
 */
async function killAndRecover(
  env: Readonly<Record<string, string>>,
  what: string,
  nth: number | null = null,
): Promise<boolean> {
  const killed = await server.everbind(RENEW, { env });
  const commits = /commits (\d+)/.exec(killed.stderr)?.[1];
  if (nth !== null && commits !== undefined && Number(commits) < nth) return false;
  assert.equal(commits, undefined, `${what}: it came to its end: ${killed.stdout}`);
  assert.notEqual(killed.status, 0, `${what} did not happen: ${killed.stdout}`);
  await assertRecordsStand(server, records, what);
  // What a killed renewal left open is due; one that was committed is not.
  const recovered = await server.everbind(['renew', 'shop']);
  assert.equal(recovered.status, 0, `${what}: ${recovered.stdout}`);
  await assertRecordsStand(server, records, what);
  // Three runs of the program; what one kill leaves behind is still there at a later look.
  if (++recoveries % 5 === 0) await assertAtRest(server, 'shop', what);
  return true;
}

export function killTests(): void {
  describe('a kill under Wine', () => {
    before(async () => {
      server = await startWineServer(await ensureLab(), { program: 'lab/wine/kill/program.ts' });
      records = await server.host.sslRecords.enumerate();
    });
    after(() => server.stop());

    it('at each commit of a renewal in turn', async () => {
      await callsOf(server, RENEW);
      const { stderr } = await server.everbind(RENEW);
      const commits = Number(/commits (\d+)/.exec(stderr)?.[1]);
      assert.ok(commits >= 10);
      let kills = 0;
      for (let nth = 1; nth <= commits; nth += 1) {
        // In turn; test/saga kills on both sides of each.
        const when = nth % 2 === 0 ? 'after' : 'before';
        const what = `kill ${when} commit ${nth} of ${commits}`;
        if (await killAndRecover({ EVERBIND_LAB_KILL: `${when}:${nth}` }, what, nth)) kills += 1;
      }
      // How many commits there are depends a little on what falls together.
      assert.ok(kills > commits / 2, `${kills} of ${commits}`);
      await server.everbind(['renew', 'shop']);
      await assertAtRest(server, 'shop', 'in the end');
    });

    it('before and after each native call that changes something', async () => {
      const calls = await callsOf(server, RENEW);
      const changes = calls.filter(isChange);
      assert.ok(changes.some(({ name }) => name === 'HttpUpdateServiceConfiguration'));
      assert.ok(changes.some(({ name }) => name === 'NCryptDeleteKey'));
      for (const [index, call] of calls.entries()) {
        if (!isChange(call)) continue;
        // Right after another change a kill before this one leaves what the kill after that one has left.
        const previous = calls[index - 1];
        const moments = previous !== undefined && isChange(previous) ? ['after:'] : ['', 'after:'];
        for (const when of moments) {
          const fault = `${call.name}:${when}${call.nth}:kill`;
          await killAndRecover({ EVERBIND_LAB_FAULTS: fault }, fault);
        }
      }
      await assertAtRest(server, 'shop', 'in the end');
    });

    it('never makes the CA issue twice for one order, nor loses an order', async () => {
      const [orders, issued] = await ordersAndCertificates(server);
      assert.equal(orders, issued);
    });
  });
}
