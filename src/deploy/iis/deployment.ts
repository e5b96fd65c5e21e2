import { applyChanges, restoreRecords } from '../../iis/records/apply.ts';
import { readInventory } from '../../iis/inventory.ts';
import type { Inventory } from '../../iis/config/inventory-types.ts';
import { planBindings } from '../../iis/plan/plan.ts';
import { once } from '../../concurrency/once.ts';
import type { Clock } from '../../ports/clock.ts';
import type { BindingPlan } from '../../iis/plan/types.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan } from '../../ports/deployment.ts';
import type { WindowsHost } from '../../ports/windows-host.ts';
import { type ChainTrust, judgeServed } from '../../verify/judge-served.ts';
import type { Probe } from '../../verify/probe.ts';
import { compareRecords, lostRecords } from './compare.ts';
import { type Handshake, type HandshakeOptions, type Patience, shakeHands } from './handshakes.ts';
import { installCertificate } from './install.ts';
import { retireFrom } from './retire-from.ts';
import { type Judge, judgeChanged, judgeRestored, sightsOf } from './judge-handshakes.ts';
import { decodeChanges, decodeEndpoints, decodeSights, encodePlan, withSights } from './plan-json.ts';
import { sightKey, type Sights } from './sight.ts';

export interface IisDeploymentOptions {
  readonly host: WindowsHost;
  readonly probe: Probe;
  /** Names of sites, `id:N`; null: every site, but only bindings that name a host of the certificate. */
  readonly sites: readonly string[] | null;
  /** See docs/binding-rules.md. */
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
  readonly adoptForeignAppIds: readonly string[];
  readonly clock: Clock;
  /** See DeploymentParts. */
  ownThumbprints(): ReadonlyMap<string, string>;
  /** See DeploymentParts. */
  visitorRoots(): Promise<readonly Uint8Array[]>;
  /** Reads the present state; deployments of one host can share it. */
  readonly readInventory?: () => Promise<Inventory>;
  /** Of one handshake. */
  readonly probeTimeoutMs?: number;
  /** When such a handshake times out after a change. */
  readonly patience?: Patience;
  /** Handshakes at the same time. */
  readonly probeConcurrency?: number;
}

/** Certificates of IIS sites: the certificate store, the http.sys records, and a handshake with every binding. */
export function createIisDeployment(options: IisDeploymentOptions): Deployment {
  const { host, store } = options;
  const inventory = options.readInventory ?? ((): Promise<Inventory> => readInventory(host));
  const handshakes: HandshakeOptions = {
    host,
    probe: options.probe,
    timeoutMs: options.probeTimeoutMs ?? 10_000,
    concurrency: options.probeConcurrency ?? 16,
    patience: options.patience ?? { pauseMs: 2000, timeoutMs: 30_000 },
    clock: options.clock,
  };
  /** Whoever timed out before the change as well is not waited for. */
  const lookAgain = (plan: DeploymentPlan, before: Sights | null): Promise<readonly Handshake[]> =>
    shakeHands(decodeEndpoints(plan), handshakes, (place, host) => {
      const sight = before?.get(sightKey(place, host));
      return sight?.kind !== 'failed' || sight.code !== 'VERIFY_TIMEOUT';
    });
  return {
    type: 'iis',
    install: (material) => installCertificate(host, store, material),
    plan: async (material) => encodePlan(planFor(options, await inventory(), material)),
    compare: async (certificate) => {
      const found = await inventory();
      return compareRecords(found, {
        ...certificate,
        store,
        ownThumbprints: () => options.ownThumbprints(),
        plan: () => planFor(options, found, { ...certificate, previousThumbprint: null }),
      });
    },
    look: async (plan) => {
      const seen = await shakeHands(decodeEndpoints(plan), handshakes, () => false);
      return withSights(plan, sightsOf(seen));
    },
    apply: (plan) => applyChanges(host, decodeChanges(plan)),
    verify: async (plan, material) => {
      const trust = once(() => chainTrust(options));
      const judge: Judge = (served, { name }) => judgeServed(served, material.chain, name, trust);
      const before = decodeSights(plan);
      return judgeChanged(await lookAgain(plan, before), before, judge);
    },
    restore: async (plan) => {
      const before = decodeSights(plan);
      await restoreRecords(host, decodeChanges(plan));
      return judgeRestored(await lookAgain(plan, before), before);
    },
    retire: (thumbprint) => retireFrom(host, options.ownThumbprints(), thumbprint, inventory),
  };
}

function planFor(
  { sites, adopt, store, ownThumbprints, adoptForeignAppIds }: IisDeploymentOptions,
  inventory: Inventory,
  {
    name,
    identifiers,
    thumbprint,
    previousThumbprint,
    held = [],
    spared = [],
  }: Omit<CertificateMaterial, 'attach' | 'chain' | 'friendlyName'>,
): BindingPlan {
  return planBindings({
    inventory,
    certificate: { name, thumbprint, previousThumbprint, identifiers, store },
    policy: {
      sites,
      adopt,
      ownThumbprints: ownThumbprints(),
      adoptForeignAppIds,
      lost: lostRecords(inventory, held),
      spared: new Set(spared),
    },
  });
}

/** What chains may lead to at this moment. */
export async function chainTrust({
  host,
  clock,
  visitorRoots,
}: Pick<IisDeploymentOptions, 'host' | 'clock' | 'visitorRoots'>): Promise<ChainTrust> {
  const [visitors, machine] = await Promise.all([
    visitorRoots(),
    // They only tell more about a chain. A store that cannot be read is no reason to roll back.
    host.certificates.list('Root').catch(() => []),
  ]);
  return { visitors, machine: machine.map(({ der }) => der), now: clock.now() };
}
