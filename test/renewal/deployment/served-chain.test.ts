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
  /** Whether a policy keeps certificates out of the store CA. */
  policy: boolean;
  /** Puts certificates into a store of the machine. */
  put(store: 'CA' | 'Root', ...certificates: readonly MadeCertificate[]): Promise<void>;
  take(store: 'CA' | 'Root', certificate: MadeCertificate): Promise<void>;
  renew(): Promise<Outcome>;
  /** Certificates above the leaf that a handshake gets, by common name. */
  above(): Promise<readonly string[]>;
  /** Codes of the findings at each endpoint, as the last event of a renewal has them. */
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
    const { certificates } = sim.host;
    const add: typeof certificates.add = async (store, der) => {
      if (store !== 'CA' || !world.policy) await certificates.add(store, der);
    };
    const deployment = createIisDeployment({
      host: { ...sim.host, certificates: { ...certificates, add } },
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
    const world: World = {
      pki,
      policy: false,
      put: async (store, ...list) => {
        for (const { der } of list) await certificates.add(store, der);
      },
      take: (store, { thumbprint }) => certificates.remove(store, thumbprint),
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
    };
    await work(world);
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
      const attempts: string[] = [];
      for (let attempt = 1; attempt <= 7; attempt += 1) attempts.push(...findings(await renew()));
      assert.deepEqual(attempts, Array(7).fill('verified: note chain-other-path'));
      assert.deepEqual(await above(), ['issuing']);
      assert.deepEqual(audited(), [['chain-other-path']]);
    },
  );
});

test('the chain that the CA sent is served where the machine knows the old root alone: renewed, nothing to say', async (t) => {
  await withWorld(
    t,
    ({ oldRoot }) => [oldRoot],
    async ({ pki, put, renew, above }) => {
      await put('Root', pki.oldRoot);
      assert.deepEqual(findings(await renew()), []);
      assert.deepEqual(await above(), ['issuing', 'cross']);
    },
  );
});

test('a chain to a root that visitors may not know is renewed with a finding, and its remedy helps', async (t) => {
  await withWorld(
    t,
    ({ oldRoot }) => [oldRoot],
    async ({ pki, put, take, renew, above, audited }) => {
      await put('Root', pki.oldRoot, pki.newRoot);
      assert.deepEqual(findings(await renew()), ['verified: finding chain-local-root']);
      assert.deepEqual(audited(), [['chain-local-root']]);
      await take('Root', pki.newRoot);
      assert.deepEqual(await above(), ['issuing'], 'Windows keeps the chain');
      assert.deepEqual(findings(await renew()), []);
      assert.deepEqual(await above(), ['issuing', 'cross']);
    },
  );
});

test('a chain without its intermediates is renewed with a finding, and its remedy helps', async (t) => {
  await withWorld(
    t,
    ({ oldRoot }) => [oldRoot],
    async (world) => {
      const { pki, put, renew, above } = world;
      await put('Root', pki.oldRoot);
      world.policy = true;
      const outcome = await renew();
      assert.deepEqual(findings(outcome), ['verified: finding chain-incomplete']);
      assert.match(JSON.stringify(outcome), new RegExp(`${pki.issuing.thumbprint}.*${pki.cross.thumbprint}`));
      world.policy = false;
      await put('CA', pki.issuing, pki.cross);
      assert.deepEqual(await above(), [], 'Windows keeps the chain');
      assert.deepEqual(findings(await renew()), []);
      assert.deepEqual(await above(), ['issuing', 'cross']);
    },
  );
});

test('a chain that leads to no root that anybody trusts is rolled back', async (t) => {
  await withWorld(
    t,
    () => [],
    async (world) => {
      world.policy = true;
      const outcome = await world.renew();
      assert.ok(outcome.kind === 'rolledBack');
      assert.deepEqual(
        outcome.endpoints.map(({ code }) => code),
        ['VERIFY_UNTRUSTED_CHAIN'],
      );
    },
  );
});
