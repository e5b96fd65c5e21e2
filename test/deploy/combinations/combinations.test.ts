import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCommand } from '../../../lab/run-command.ts';
import { faultsOf, serverText, SPOILS } from './judge.ts';
import { FACTORS, renewOn, type Server } from './renewal.ts';
import { pairsIn, pairwise } from './pairwise.ts';

// Whatever a server is like: no renewal is rolled back without cause, and none is called good without a handshake.

describe('renewals on servers as they are', () => {
  const table = pairwise(FACTORS);

  it('every pair of peculiarities is in the table, in all four ways', () => {
    const pairs = new Set(table.flatMap((server) => pairsIn(FACTORS, server)));
    assert.equal(pairs.size, ((FACTORS.length * (FACTORS.length - 1)) / 2) * 4);
  });

  let renewals = 0;
  let verified = 0;
  for (const server of table) {
    it(serverText(server), async (t) => {
      const judged = await renewOn(server);
      assert.deepEqual(faultsOf(server, judged), [], JSON.stringify(judged.checks));
      renewals += 1;
      verified += judged.checks.filter(({ outcome }) => outcome === 'verified').length;
      t.diagnostic(
        `${renewals} renewals, 0 rolled back, ${verified} endpoints verified, 0 of them without a handshake`,
      );
    });
  }

  it('were as many as the table has, and enough endpoints were seen', () => {
    assert.equal(renewals, table.length);
    assert.ok(renewals >= 9 && verified >= 10, `${renewals} renewals, ${verified} endpoints`);
  });
});

describe('the judge of these renewals', () => {
  const plain = pairwise(FACTORS)[0] as Server;
  for (const [name, [spoil, fault]] of Object.entries(SPOILS)) {
    it(`sees ${name}`, async () => {
      assert.match(faultsOf(plain, await renewOn(plain, spoil)).join('; '), fault);
    });
  }

  it('sees each of these when all are renewed, and nothing without them', async () => {
    const runs = [null, ...Object.keys(SPOILS)].map(async (name) => {
      const args = [
        'test/deploy/combinations/all.ts',
        '--pairs',
        '--json',
        ...(name === null ? [] : ['--sabotage', name]),
      ];
      const { exitCode, stdout } = await runCommand(process.execPath, args);
      return [name, exitCode, (JSON.parse(stdout) as { readonly ok: boolean }).ok];
    });
    assert.deepEqual(await Promise.all(runs), [
      [null, 0, true],
      ['yes-without-looking', 1, false],
      ['no-where-all-is-well', 1, false],
      ['nothing-checked', 1, false],
    ]);
  });
});
