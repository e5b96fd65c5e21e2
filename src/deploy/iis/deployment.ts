import { createHash } from 'node:crypto';
import { applyChanges, restoreRecords } from '../../iis/records/apply.ts';
import { readInventory } from '../../iis/inventory.ts';
import type { Inventory } from '../../iis/config/inventory-types.ts';
import { planBindings } from '../../iis/plan/plan.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { WindowsHost } from '../../ports/windows-host.ts';
import { compareServed } from '../../verify/compare.ts';
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
  /** See DeploymentParts. */
  ownThumbprints(): ReadonlyMap<string, string>;
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
      const judge: Judge = (served, { name }) => compareServed(served, material.chain, name);
      return shakeHands(decodeEndpoints(plan), judge, handshakes);
    },
    restore: async (plan) => {
      await restoreRecords(host, decodeChanges(plan));
      return shakeHands(decodeEndpoints(plan), servesAsBefore, handshakes);
    },
    retire: (thumbprint) => retireFrom(host, options.ownThumbprints(), thumbprint, inventory),
  };
}

const servesAsBefore: Judge = ({ chain: [leaf] }, { hashBefore }) => {
  // The created record is removed again: what is served there now was never ours.
  if (hashBefore === null) return null;
  const served = leaf === undefined ? '(none)' : createHash('sha1').update(leaf).digest('hex');
  if (served === hashBefore.toLowerCase()) return null;
  return {
    code: 'VERIFY_WRONG_LEAF',
    message: `the restored record holds ${hashBefore}, but ${served} is served`,
  };
};
