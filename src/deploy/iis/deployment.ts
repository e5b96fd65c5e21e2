import { createHash } from 'node:crypto';
import { applyChanges, restoreRecords } from '../../iis/records/apply.ts';
import { readInventory } from '../../iis/inventory.ts';
import type { Inventory } from '../../iis/config/inventory-types.ts';
import { planBindings } from '../../iis/plan/plan.ts';
import { once } from '../../concurrency/once.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { WindowsHost } from '../../ports/windows-host.ts';
import { type ChainTrust, judgeServed } from '../../verify/judge-served.ts';
import type { Probe } from '../../verify/probe.ts';
import { shakeHands, type HandshakeOptions, type Judge } from './handshakes.ts';
import { installCertificate } from './install.ts';
import { retireFrom } from './retire-from.ts';
import { decodeChanges, decodeEndpoints, encodePlan } from './plan-json.ts';

export interface IisDeploymentOptions {
  readonly host: WindowsHost;
  readonly probe: Probe;
  /** Names of sites, `id:N`; null: every site, but only bindings that name a host of the certificate. */
  readonly sites: readonly string[] | null;
  /** See docs/binding-rules.md. */
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
  readonly adoptForeignAppIds: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  /** See DeploymentParts. */
  ownThumbprints(): ReadonlyMap<string, string>;
  /** See DeploymentParts. */
  visitorRoots(): Promise<readonly Uint8Array[]>;
  /** Reads the present state; deployments of one host can share it. */
  readonly readInventory?: () => Promise<Inventory>;
  /** Of one handshake. */
  readonly probeTimeoutMs?: number;
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
  };
  return {
    type: 'iis',
    install: (material) => installCertificate(host, store, material),
    plan: async (material) => {
      const policy = {
        sites: options.sites,
        adopt: options.adopt,
        ownThumbprints: options.ownThumbprints(),
        adoptForeignAppIds: options.adoptForeignAppIds,
      };
      const { name, identifiers, thumbprint, previousThumbprint } = material;
      const certificate = { name, thumbprint, previousThumbprint, identifiers, store };
      return encodePlan(planBindings({ inventory: await inventory(), certificate, policy }));
    },
    look: async (plan) => plan,
    apply: (plan) => applyChanges(host, decodeChanges(plan)),
    verify: (plan, material) => {
      const trust = once(() => chainTrust(options));
      const judge: Judge = (served, { name }) => judgeServed(served, material.chain, name, trust);
      return shakeHands(decodeEndpoints(plan), judge, handshakes);
    },
    restore: async (plan) => {
      await restoreRecords(host, decodeChanges(plan));
      return shakeHands(decodeEndpoints(plan), servesAsBefore, handshakes);
    },
    retire: (thumbprint) => retireFrom(host, options.ownThumbprints(), thumbprint, inventory),
  };
}

async function chainTrust({ host, clock, visitorRoots }: IisDeploymentOptions): Promise<ChainTrust> {
  const [visitors, machine] = await Promise.all([
    visitorRoots(),
    // They only tell more about a chain. A store that cannot be read is no reason to roll back.
    host.certificates.list('Root').catch(() => []),
  ]);
  return { visitors, machine: machine.map(({ der }) => der), now: clock.now() };
}

const servesAsBefore: Judge = ({ chain: [leaf] }, { hashBefore }) => {
  // The created record is removed again: what is served there now was never ours.
  if (hashBefore === null) return { findings: [] };
  const served = leaf === undefined ? '(none)' : createHash('sha1').update(leaf).digest('hex');
  if (served === hashBefore.toLowerCase()) return { findings: [] };
  const message = `the restored record holds ${hashBefore}, but ${served} is served`;
  return { fault: { code: 'VERIFY_WRONG_LEAF', message } };
};
