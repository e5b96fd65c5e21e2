import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { connect } from 'node:tls';
import { openState } from '../../../src/agent/state.ts';
import { createIisDeployment } from '../../../src/deploy/iis/deployment.ts';
import { awaitListening } from '../../../src/iis/await-site.ts';
import { createSiteChanges } from '../../../src/iis/change-sites.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { systemClock } from '../../../src/net/system.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import type { Deployment, EndpointCheck } from '../../../src/ports/deployment.ts';
import type { Issuer } from '../../../src/ports/issuer.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { ownThumbprints } from '../../../src/renewal/state/issued-table.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { pkcs8Of } from '../../../lab/test-ca.ts';
import { withFolder, applyText } from '../../renewal/support/obtain-state.ts';
import { engineWithoutAcme } from '../../renewal/support/without-acme.ts';
import { certifyKey, type CrossSigned, makeCrossSigned } from '../../verify/certificates.ts';
import { createWorld, sitesOf, type World } from '../iis/fixture.ts';
import type { Combination } from './pairwise.ts';

/** What a server can be like, each of which once broke a renewal. */
export const FACTORS = [
  'chainByWindows',
  'ansiOutput',
  'slowStart',
  'addressFirst',
  'clusterAddress',
  'brokenBefore',
  'slowFirstHandshake',
  'renewalProperty',
  'providerAway',
] as const;
export type Factor = (typeof FACTORS)[number];
export type Server = Combination<Factor>;

const SHOP = 'shop.combinations.test';
const WWW = 'www.combinations.test';
const CLUSTER = 'cluster.combinations.test';
const CLUSTER_ADDRESS = '192.0.2.77';
const RIVAL_ADDRESS = '192.0.2.20';
const SITE = 'Łódź & Bücher 漢';
const PLATFORM = 'Microsoft Platform Crypto Provider';

/** What became of the renewals of one server. */
export interface Judged {
  /** Attempts until the certificate was renewed; null: it was not. */
  readonly attempts: number | null;
  readonly rolledBack: number;
  readonly checks: readonly EndpointCheck[];
  /** Endpoints that are said to be verified, and where a client of our own does not get the new certificate. */
  readonly goodWithoutHandshake: readonly string[];
  /** Whether the overview says that nobody has seen the certificate. */
  readonly unverified: boolean;
  /** Orders that the issuer was asked for. */
  readonly issued: number;
}

/** Changes the deployment, as a fault of ours would. */
export type Spoil = (deployment: Deployment, spoiled: { readonly sim: World['sim'] }) => Deployment;

const MOST_ATTEMPTS = 3;

/** Adds a binding and renews the certificates of a server that is like this, and looks what visitors get. */
export async function renewOn(server: Server, spoil: Spoil = (deployment) => deployment): Promise<Judged> {
  await using world = await startServer(server);
  const { sim } = world;
  const pki = await makeCrossSigned();
  for (const { der } of server.chainByWindows ? [pki.oldRoot, pki.newRoot] : [pki.oldRoot]) {
    await sim.host.certificates.add('Root', der);
  }
  if (server.renewalProperty) await renewedByOthers(world);
  await bind(world);
  // Awaited here: the server lives as long as this.
  return await withFolder(async (folder) => {
    const state = await openState(folder, { clock: systemClock }, async () => sim.host.keys);
    try {
      const desk = createDesk(pki, world, server);
      const roots = [pki.oldRoot.der, pki.newRoot.der];
      const deployment = createIisDeployment({
        host: sim.host,
        probe: tlsProbe,
        clock: systemClock,
        sites: sitesFor(server),
        adopt: true,
        store: 'WebHosting',
        adoptForeignAppIds: [],
        ownThumbprints: () => state.store.read(ownThumbprints),
        visitorRoots: async () => roots,
        // The first handshake after a change takes longer than the first try waits.
        probeTimeoutMs: 400,
        patience: { pauseMs: 5, timeoutMs: 5000 },
      });
      const issuers = { open: () => desk.issuer, tidyUp: async () => {} };
      const engine = engineWithoutAcme(state, systemClock, issuers, async () => spoil(deployment, { sim }));
      await applyText(state, systemClock, configuration(server));
      const outcomes: Outcome[] = [];
      while (outcomes.length < MOST_ATTEMPTS && outcomes.at(-1)?.kind !== 'renewed') {
        const { signal } = new AbortController();
        await engine.renew({ names: ['shop'], force: true }, (outcome) => outcomes.push(outcome), signal);
        // Whoever looks after the server repairs the device.
        await sim.keyDevices.back(PLATFORM);
      }
      const last = outcomes.at(-1);
      const { unverified } = state.store.read((db) => readOverview(db, systemClock.now()));
      return {
        attempts: last?.kind === 'renewed' ? outcomes.length : null,
        rolledBack: outcomes.filter(({ kind }) => kind === 'rolledBack').length,
        checks: last?.kind === 'renewed' ? last.endpoints : [],
        goodWithoutHandshake: last?.kind === 'renewed' ? await notServed(last.thumbprint, last.endpoints) : [],
        unverified: unverified.includes('shop'),
        issued: desk.issued(),
      };
    } finally {
      await state.close();
    }
  });
}

function startServer(server: Server): Promise<World> {
  return createWorld({
    applicationHostConfig: sitesOf({
      [server.ansiOutput ? SITE.replace('&', '&amp;') : 'Shop']: [[`*:443:${SHOP}`, 1]],
      ...(server.clusterAddress ? { Cluster: [[`${CLUSTER_ADDRESS}:443:`, 0]] as const } : {}),
      ...(server.addressFirst ? { Rival: [[`${RIVAL_ADDRESS}:443:`, 0]] as const } : {}),
    }),
    ansiCodePage: server.ansiOutput ? 1252 : 'utf-8',
    startDelayMs: server.slowStart ? 600 : 0,
    choiceOrder: server.addressFirst ? 'address-first' : 'host-first',
    otherNodes: server.clusterAddress ? [{ address: CLUSTER_ADDRESS, answer: 'old-certificate' }] : [],
    tls: {
      ...(server.brokenBefore ? { noTls12: true, noTls13: true } : {}),
      ...(server.slowFirstHandshake ? { firstHandshakeMs: 600 } : {}),
    },
  });
}

function configuration(server: Server): string {
  const names = [SHOP, WWW, ...(server.clusterAddress ? [CLUSTER] : [])];
  const sites = sitesFor(server).map((name) => JSON.stringify(name));
  return `version: 1
issuers: [{ name: desk, directory: "https://desk.test/" }]
certificates:
  - name: shop
    names: [${names.join(', ')}]
    key: { provider: ${PLATFORM} }
    deployments: [{ type: iis, adopt: true, sites: [${sites.join(', ')}] }]
`;
}

function sitesFor(server: Server): readonly string[] {
  return [server.ansiOutput ? SITE : 'Shop', ...(server.clusterAddress ? ['Cluster'] : [])];
}

/** As everbind bind does. */
async function bind({ sim }: World): Promise<void> {
  const site = (await readInventory(sim.host)).sites.find(({ name }) => name === SITE || name === 'Shop');
  assert.ok(site !== undefined && site.id !== null);
  const changes = createSiteChanges(sim.host, systemClock, { backUp: false });
  await changes.addHttpsBinding(`id:${site.id}`, `*:443:${WWW}`, 1);
  await awaitListening(sim.host, systemClock, { siteId: site.id, address: '*', port: 443 });
}

/** Another program renews the certificate that the record of the shop has. */
async function renewedByOthers({ sim, ca, seeded }: World): Promise<void> {
  const certificate = seeded.get(`${SHOP}:443`) ?? '';
  const record = (await sim.host.sslRecords.enumerate()).find(({ certificateHash }) => certificateHash === certificate);
  // No store is MY.
  const store = record?.certificateStore === 'WebHosting' ? 'WebHosting' : 'MY';
  const issued = await ca.issue({ names: [SHOP], notBefore: new Date(), notAfter: new Date(Date.now() + 1e10) });
  await sim.host.certificates.importWithKey(store, issued.der, pkcs8Of(issued), 'renewed by autoenrolment');
  const renewed = hash('sha1', issued.der, 'hex');
  await sim.faults.add({ kind: 'renewal-property', certificate, renewed });
}

/** An issuer with a cross-signed root, which sends the cross-certificate. The device may go away once it has signed. */
function createDesk(
  pki: CrossSigned,
  { sim }: World,
  { providerAway }: Server,
): { readonly issuer: Issuer; issued(): number } {
  let issued = 0;
  const issuer: Issuer = {
    prepare: async () => {},
    issue: async ({ identifiers }, signer) => {
      issued += 1;
      const names = identifiers.map(({ value }) => value);
      const leaf = await certifyKey({ commonName: SHOP, issuer: pki.issuing, names }, signer.publicKey);
      if (providerAway && issued === 1) await sim.keyDevices.away(PLATFORM, 0x80090016);
      return { chain: [leaf, pki.issuing.der, pki.cross.der], accountUrl: 'desk:1', roots: [pki.oldRoot.der] };
    },
    abandon: async () => {},
    revoke: async () => ({ already: false }),
    renewalInformation: async () => null,
  };
  return { issuer, issued: () => issued };
}

/** Where a client of our own does not get this leaf although the check says so. */
async function notServed(thumbprint: string, checks: readonly EndpointCheck[]): Promise<readonly string[]> {
  const good = checks.filter(({ outcome }) => outcome === 'verified');
  const wrong: string[] = [];
  for (const { endpoint, host } of good) {
    if ((await leafAt(endpoint, host)) !== thumbprint) wrong.push(`${endpoint} ${host}`);
  }
  return wrong;
}

/** SHA-1 of the leaf that a plain TLS client gets; null without a handshake. */
function leafAt(endpoint: string, servername: string): Promise<string | null> {
  const { hostname, port } = new URL(`tls://${endpoint}`);
  return new Promise((resolve) => {
    // The leaf is compared, not trusted: in some combinations it leads to no root on purpose.
    const socket = connect(
      { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), servername, rejectUnauthorized: false },
      () => {
        const { fingerprint } = socket.getPeerCertificate();
        socket.destroy();
        resolve(fingerprint.replaceAll(':', '').toLowerCase());
      },
    );
    socket.on('error', () => resolve(null));
    socket.setTimeout(5000, () => socket.destroy(new Error('silent')));
  });
}
