import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FACTORS, type Judged, renewOn, type Server, type Spoil } from './renewal.ts';
import { pairsIn, pairwise } from './pairwise.ts';

// Whatever a server is like: no renewal is rolled back without cause, and none is called good without a handshake.

function serverText(server: Server): string {
  const on = FACTORS.filter((factor) => server[factor]);
  return on.length === 0 ? 'a server without peculiarities' : on.join(', ');
}

/** What is wrong with what became of a server; empty when nothing is. */
function faultsOf(server: Server, { attempts, rolledBack, checks, ...judged }: Judged): readonly string[] {
  const outcomes = checks.map(({ outcome }) => outcome);
  const verified = outcomes.filter((outcome) => outcome === 'verified').length;
  const found = new Set(checks.flatMap(({ findings }) => findings.map(({ code }) => code)));
  return [
    ...(rolledBack > 0 ? ['rolled back without cause'] : []),
    ...(attempts === null ? ['not renewed'] : []),
    ...judged.goodWithoutHandshake.map((place) => `good without a handshake: ${place}`),
    // A server whose every handshake fails is the only one that nobody can look at.
    ...(verified === 0 && !server.brokenBefore ? ['nothing was verified'] : []),
    ...(verified === 0 && !judged.unverified ? ['called good although nobody has seen it'] : []),
    ...(server.brokenBefore && !outcomes.includes('failed-before') ? ['the double was not broken before'] : []),
    ...(server.clusterAddress && !checks.some(({ code }) => code === 'address-absent')
      ? ['the cluster was asked']
      : []),
    ...(server.addressFirst && !server.brokenBefore && !outcomes.includes('shadowed') ? ['no address came first'] : []),
    ...(server.chainByWindows && verified > 0 && !found.has('chain-other-path')
      ? ['the chain was that of the CA']
      : []),
    ...(server.slowFirstHandshake && verified > 0 && !found.has('slow-handshake') ? ['no handshake was slow'] : []),
    ...(judged.issued === 1 ? [] : [`${judged.issued} certificates were ordered`]),
    ...(server.providerAway && attempts === 1 ? ['the device was not away'] : []),
  ];
}

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
  const spoils: Readonly<Record<string, readonly [spoil: Spoil, fault: RegExp]>> = {
    'a check that says yes without looking, where nothing was written': [
      (deployment) => ({
        ...deployment,
        apply: async () => {},
        verify: async (plan, material) =>
          (await deployment.verify(plan, material)).map((check) => ({ ...check, outcome: 'verified', code: null })),
      }),
      /good without a handshake/,
    ],
    'a check that fails where all is well': [
      (deployment) => ({
        ...deployment,
        verify: async (plan, material) =>
          (await deployment.verify(plan, material)).map((check) => ({ ...check, outcome: 'failed', code: 'X' })),
      }),
      /rolled back without cause/,
    ],
    'an outcome that is good although nothing was checked': [
      (deployment) => ({ ...deployment, verify: async () => [] }),
      /nothing was verified/,
    ],
  };
  for (const [name, [spoil, fault]] of Object.entries(spoils)) {
    it(`sees ${name}`, async () => {
      assert.match(faultsOf(plain, await renewOn(plain, spoil)).join('; '), fault);
    });
  }
});
