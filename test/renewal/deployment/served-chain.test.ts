import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIisDeployment } from '../../../src/deploy/iis/deployment.ts';
import { systemClock } from '../../../src/net/system.ts';
import type { Issuer } from '../../../src/ports/issuer.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { ownThumbprints } from '../../../src/renewal/state/issued-table.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { configurationOf, iisRecord, install, simFor } from '../../lab/sim-windows/support.ts';
import {
  certifyKey,
  type CrossSigned,
  makeCertificate,
  makeCrossSigned,
  type MadeCertificate,
} from '../../verify/certificates.ts';
import { eventsOf } from '../support/obtain-rows.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// Windows serves the chain that it builds itself, not the one that the CA sent.

const HOST = 'shop.chain.test';

interface World {
  readonly pki: CrossSigned;
  /** Puts certificates into a store of the machine. */
  put(store: 'CA' | 'Root', ...certificates: readonly MadeCertificate[]): Promise<void>;
  renew(): Promise<Outcome>;
  /** Certificates above the leaf that a handshake gets, by common name. */
  above(): Promise<readonly string[]>;
  /** Codes of findings in the last event that has some. */
  audited(): readonly unknown[];
}

/** A CA whose root is cross-signed, and which sends the cross-certificate; visitors know `visitors`. */
async function withWorld(
  t: { after(work: () => Promise<void>): void },
  visitors: (pki: CrossSigned) => readonly MadeCertificate[],
  work: (world: World) => Promise<void>,
): Promise<void> {
  const pki = await makeCrossSigned();
  const sim = await simFor(t, configurationOf({ name: 'Shop', bindings: [['https', `*:443:${HOST}`, 1]] }));
  const before = await install(sim.host, await makeCertificate({ commonName: 'before', names: [HOST] }));
  await sim.host.sslRecords.set(iisRecord({ kind: 'hostnameport', host: HOST, port: 443 }, before));
  const issuer: Issuer = {
    prepare: async () => {},
    issue: async ({ identifiers }, signer) => {
      const names = identifiers.map(({ value }) => value);
      const leaf = await certifyKey({ commonName: HOST, issuer: pki.issuing, names }, signer.publicKey);
      return { chain: [leaf, pki.issuing.der, pki.cross.der], accountUrl: 'desk:1', roots: [pki.oldRoot.der] };
    },
    abandon: async () => {},
    revoke: async () => ({ already: false }),
    renewalInformation: async () => null,
  };
  await withState(systemClock, async (state) => {
    const roots = visitors(pki).map(({ der }) => der);
    const deployment = createIisDeployment({
      host: sim.host,
      probe: tlsProbe,
      clock: systemClock,
      sites: null,
      adopt: true,
      store: 'WebHosting',
      adoptForeignAppIds: [],
      ownThumbprints: () => state.store.read(ownThumbprints),
      visitorRoots: async () => roots,
    });
    const issuers = { open: () => issuer, tidyUp: async () => {} };
    const engine = engineWithoutAcme(state, systemClock, issuers, async () => deployment);
    await applyText(
      state,
      systemClock,
      `version: 1
issuers: [{ name: desk, directory: "https://desk.test/" }]
certificates: [{ name: shop, names: [${HOST}], deployments: [{ type: iis, adopt: true }] }]
`,
    );
    await work({
      pki,
      put: async (store, ...certificates) => {
        for (const { der } of certificates) await sim.host.certificates.add(store, der);
      },
      renew: async () => {
        const outcomes: Outcome[] = [];
        const { signal } = new AbortController();
        await engine.renew({ names: ['shop'], force: true }, (outcome) => outcomes.push(outcome), signal);
        assert.equal(outcomes.length, 1);
        return outcomes[0] as Outcome;
      },
      above: async () => {
        const [endpoint] = await sim.host.endpoints('*', 443);
        assert.ok(endpoint !== undefined);
        const { chain } = await tlsProbe({ ...endpoint, host: HOST, timeoutMs: 10_000 });
        const known = Object.entries(pki) as [string, MadeCertificate][];
        return chain.slice(1).map((der) => known.find(([, made]) => Buffer.from(made.der).equals(der))?.[0] ?? 'other');
      },
      audited: () =>
        eventsOf(state.store, 'shop')
          .filter(({ type }) => type === 'renewal.committed')
          .map(({ data }) => (data as { endpoints: { findings: unknown }[] }).endpoints.map(({ findings }) => findings))
          .at(-1) ?? [],
    });
  });
}

const findings = (outcome: Outcome): readonly string[] =>
  outcome.kind === 'renewed'
    ? outcome.endpoints.flatMap((check) => check.findings.map(({ kind, code }) => `${check.outcome}: ${kind} ${code}`))
    : [`${outcome.kind} ${outcome.code}`];

test('a machine that trusts the self-signed twin of a cross-signed root serves the shorter chain: renewed, with a note', async (t) => {
  await withWorld(
    t,
    ({ oldRoot, newRoot }) => [oldRoot, newRoot],
    async ({ pki, put, renew, above, audited }) => {
      await put('Root', pki.oldRoot, pki.newRoot);
      const attempts: (readonly string[])[] = [];
      for (let attempt = 1; attempt <= 7; attempt += 1) attempts.push(findings(await renew()));
      assert.deepEqual(attempts, Array(7).fill(['verified: note chain-other-path']));
      assert.deepEqual(await above(), ['issuing']);
      assert.deepEqual(audited(), [['chain-other-path']]);
    },
  );
});
