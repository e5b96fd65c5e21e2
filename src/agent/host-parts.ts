import { createSolvers, type DnsHostParts } from '../challenge/solvers.ts';
import { coalesce } from '../concurrency/coalesce.ts';
import { once } from '../concurrency/once.ts';
import type { DeploymentConfig } from '../config/types.ts';
import { builtInCatalogue, findDeploymentType } from '../deploy/catalogue.ts';
import type { DeploymentParts, IisParts } from '../deploy/deployment-type.ts';
import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { createSiteChanges } from '../iis/change-sites.ts';
import { hostProblem } from '../iis/host-checks.ts';
import { readInventory } from '../iis/inventory.ts';
import type { Deployment } from '../ports/deployment.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { EnginePorts } from '../renewal/engine/engine-ports.ts';
import type { AcmePorts } from '../renewal/issuers/acme/acme-ports.ts';
import { appliedConfig } from '../renewal/state/applied-config.ts';
import { ownThumbprints } from '../renewal/state/issued-table.ts';
import type { Store } from '../store/store.ts';
import { tlsProbe } from '../verify/tls-probe.ts';
import type { Environment } from './environment.ts';
import { visitorRoots } from './issuer-parts.ts';
import { limitHeapGrowth } from './limit-heap-growth.ts';
import type { SharedHost } from './shared-host.ts';

/** Everything that acts on this machine: solvers of challenges and deployments. */
export type HostParts = Pick<AcmePorts, 'solverFor'> & Pick<EnginePorts, 'deploymentFor'>;

/**
 * Connects to the web server if there is one. A machine without IIS can still obtain certificates, and deploy those
 * whose deployments do not need it. Errors: those of a web server that is there but cannot be used.
 */
export async function openHostParts(
  environment: Environment,
  shared: SharedHost,
  store: Store,
  dnsHosts?: DnsHostParts,
): Promise<HostParts> {
  limitHeapGrowth();
  const parts: DeploymentParts = {
    probe: tlsProbe,
    ownThumbprints: () => store.read(ownThumbprints),
    clock: environment.clock,
    visitorRoots: once(() => visitorRoots(store.read(appliedConfig)?.issuers ?? [])),
  };
  const server = await openServer(environment, shared, parts);
  const iis = server instanceof EverbindError ? null : server;
  const catalogue = environment.deploymentCatalogue ?? builtInCatalogue;

  const deploymentFor = async (config: DeploymentConfig): Promise<Deployment> => {
    const type = findDeploymentType(catalogue, config.type);
    if (type.needs === 'nothing') return type.create(config, parts);
    if (server instanceof EverbindError) {
      throw new EverbindError(
        server.code,
        `the deployment ${config.type} needs Windows with IIS: ${server.message}`,
        server.details,
        { cause: server },
      );
    }
    return type.create(config, server);
  };
  return {
    solverFor: createSolvers({
      windows: iis === null ? null : { host: iis.host, sites: async () => (await iis.readInventory()).sites },
      clock: environment.clock,
      random: environment.random,
      dnsServers: environment.dnsServers,
      dnsPort: environment.dnsPort,
      fence: () => store.requireLease(),
      ...(dnsHosts === undefined ? {} : { dnsHosts }),
    }),
    deploymentFor,
  };
}

const withoutServer: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WIN_NOT_WINDOWS',
  'IIS_NOT_INSTALLED',
  'IIS_TOO_OLD',
]);

/** The web server, or why this machine has none. */
async function openServer(
  { clock }: Environment,
  shared: SharedHost,
  parts: DeploymentParts,
): Promise<IisParts | EverbindError> {
  let host: WindowsHost;
  try {
    host = await shared.open();
    const problem = hostProblem(await host.describe());
    if (problem !== null) throw problem;
  } catch (error) {
    if (error instanceof EverbindError && withoutServer.has(error.code)) return error;
    throw error;
  }
  return {
    ...parts,
    host,
    readInventory: coalesce(() => readInventory(host)),
    siteChanges: createSiteChanges(host, clock, { backUp: true }),
  };
}
