import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedCertificates } from '../../../lab/sim-windows/seed.ts';
import { startSimWindows, type SimWindows, type SimWindowsOptions } from '../../../lab/sim-windows/sim-windows.ts';
import { type LabCa, pkcs8Of } from '../../../lab/test-ca.ts';
import { createCngKeyStore } from '../../../src/custody/cng/store.ts';
import { createIisDeployment, type IisDeploymentOptions } from '../../../src/deploy/iis/deployment.ts';
import { systemClock } from '../../../src/net/system.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { parseIdentifier } from '../../../src/pki/x509/names.ts';
import { recordKeyText } from '../../../src/iis/records/ssl-record.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck } from '../../../src/ports/deployment.ts';
import type { KeyStore } from '../../../src/ports/key-store.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';

const site = (id: number, name: string, bindings: string, more = ''): string =>
  `<site name="${name}" id="${id}"${more}><application path="/"><virtualDirectory path="/" physicalPath="C:\\www\\${id}" /></application>
   <bindings>${bindings}</bindings></site>`;
const https = (information: string, sslFlags: number): string =>
  `<binding protocol="https" bindingInformation="${information}" sslFlags="${sslFlags}" />`;

const configuration = `<configuration><system.applicationHost><sites>
  ${site(1, 'Default', https('*:443:', 0))}
  ${site(2, 'Shop', https('*:443:shop.everbind.test', 1) + https('*:8443:shop.everbind.test', 33))}
  ${site(3, 'Tenants', https('*:443:*.tenants.everbind.test', 1))}
  ${site(4, 'Campaign', https('*:443:campaign.everbind.test', 1), ' serverAutoStart="false"')}
  ${site(5, 'Files', '<binding protocol="ftp" bindingInformation="*:21:" />')}
</sites></system.applicationHost></configuration>`;

export interface World {
  readonly sim: SimWindows;
  readonly ca: LabCa;
  /** Thumbprint of the certificate that a record holds at the start. */
  readonly seeded: ReadonlyMap<string, string>;
  readonly own: Map<string, string>;
  /** Keys in the double's providers. */
  readonly keys: KeyStore;
  deployment(options?: Partial<IisDeploymentOptions>): Deployment;
  /** A new certificate of the lab's authority for these names. */
  material(names: readonly string[], previousThumbprint?: string | null): Promise<CertificateMaterial>;
  /** The same with a key that a provider keeps, and the handle of that key. */
  providerMaterial(names: readonly string[]): Promise<CertificateMaterial & { readonly handle: string }>;
  /** Record in words to the thumbprint that it holds. */
  held(): Promise<Record<string, string | null>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Sites for a world of one's own: name, bindings as `IP:port:host` with their sslFlags. */
export function sitesOf(
  sites: Readonly<Record<string, readonly (readonly [information: string, sslFlags: number])[]>>,
): Buffer {
  const elements = Object.entries(sites).map(([name, bindings], index) =>
    site(index + 1, name, bindings.map(([information, sslFlags]) => https(information, sslFlags)).join('')),
  );
  return Buffer.from(
    `<configuration><system.applicationHost><sites>${elements.join('')}</sites></system.applicationHost></configuration>`,
  );
}

/** A simulated IIS whose certificates are about to expire: five sites, or those of the options. */
export async function createWorld(options: Partial<SimWindowsOptions> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-iis-'));
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration),
    rootFolder: folder,
    ...options,
  });
  const { ca, records } = await seedCertificates(sim.host);
  const own = new Map<string, string>();
  const keys = createCngKeyStore({ hostKeys: async () => sim.host.keys });
  const day = 24 * 3600 * 1000;
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 90 * day) };
  const roots = [ca.der];
  let made = 0;
  return {
    sim,
    ca,
    own,
    keys,
    seeded: new Map(records.map(({ key, thumbprint }) => [recordKeyText(key), thumbprint ?? ''])),
    deployment: (options = {}) =>
      createIisDeployment({
        host: sim.host,
        probe: tlsProbe,
        sites: null,
        adopt: true,
        store: 'WebHosting',
        adoptForeignAppIds: [],
        ownThumbprints: () => own,
        clock: systemClock,
        visitorRoots: async () => roots,
        probeTimeoutMs: 5000,
        ...options,
      }),
    material: async (names, previousThumbprint = null) => {
      const issued = await ca.issue({ names, ...validity });
      const thumbprint = createHash('sha1').update(issued.der).digest('hex');
      own.set(thumbprint, 'shop');
      return {
        name: 'shop',
        identifiers: names.map(parseIdentifier),
        chain: [issued.der, ca.der],
        thumbprint,
        previousThumbprint,
        friendlyName: 'shop (Everbind)',
        attach: async () => ({ kind: 'pkcs8', privateKey: pkcs8Of(issued) }),
      };
    },
    providerMaterial: async (names) => {
      made += 1;
      const handle = await keys.generate(`r-${made}`, 'ec-p256');
      const chain = [await ca.certify({ names, ...validity }, (await keys.open(handle)).publicKey), ca.der];
      const thumbprint = createHash('sha1')
        .update(chain[0] ?? new Uint8Array())
        .digest('hex');
      own.set(thumbprint, 'shop');
      const friendlyName = 'shop (Everbind)';
      return {
        handle,
        name: 'shop',
        identifiers: names.map(parseIdentifier),
        chain,
        thumbprint,
        previousThumbprint: null,
        friendlyName,
        attach: () => keys.attach(handle, chain),
      };
    },
    held: async () => {
      const { records: current } = await readInventory(sim.host);
      return Object.fromEntries(current.map(({ key, certificateHash }) => [recordKeyText(key), certificateHash]));
    },
    [Symbol.asyncDispose]: async () => {
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the engine does with a deployment, up to the handshakes; the plan goes through the journal's JSON. */
export async function deployed(
  world: World,
  names: readonly string[],
  options: Partial<IisDeploymentOptions> = {},
): Promise<{
  readonly material: CertificateMaterial;
  readonly plan: DeploymentPlan;
  readonly checks: readonly EndpointCheck[];
}> {
  const deployment = world.deployment(options);
  const material = await world.material(names);
  await deployment.install(material);
  const plan = journaled(await deployment.look(await deployment.plan(material)));
  await deployment.apply(plan);
  return { material, plan, checks: await deployment.verify(plan, material) };
}

/** A plan as it comes back from the journal. */
export function journaled(plan: DeploymentPlan): DeploymentPlan {
  return JSON.parse(JSON.stringify(plan)) as DeploymentPlan;
}

/** `host outcome code`, sorted. */
export function outcomes(checks: readonly EndpointCheck[]): readonly string[] {
  return checks.map(({ host, outcome, code }) => [host || '-', outcome, code ?? 'ok'].join(' ')).sort();
}
