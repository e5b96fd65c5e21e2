import { FACTORS, type Judged, type Server, type Spoil } from './renewal.ts';

/** The peculiarities of a server in words. */
export function serverText(server: Server): string {
  const on = FACTORS.filter((factor) => server[factor]);
  return on.length === 0 ? 'a server without peculiarities' : on.join(', ');
}

/** What is wrong with what became of a server; empty when nothing is. */
export function faultsOf(server: Server, { attempts, rolledBack, checks, ...judged }: Judged): readonly string[] {
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

/** Faults of ours, each with what the judge has to say of it on a server without peculiarities. */
export const SPOILS: Readonly<Record<string, readonly [spoil: Spoil, fault: RegExp]>> = {
  'yes-without-looking': [
    (deployment) => ({
      ...deployment,
      apply: async () => {},
      verify: async (plan, material) =>
        (await deployment.verify(plan, material)).map((check) => ({ ...check, outcome: 'verified', code: null })),
    }),
    /good without a handshake/,
  ],
  'no-where-all-is-well': [
    (deployment) => ({
      ...deployment,
      verify: async (plan, material) =>
        (await deployment.verify(plan, material)).map((check) => ({ ...check, outcome: 'failed', code: 'X' })),
    }),
    /rolled back without cause/,
  ],
  'nothing-checked': [(deployment) => ({ ...deployment, verify: async () => [] }), /nothing was verified/],
};
