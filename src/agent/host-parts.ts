import { createSolvers, type DnsHostParts } from '../challenge/solvers.ts';
import { createIisDeployment } from '../deploy/iis/deployment.ts';
import { createIisFtpDeployment } from '../deploy/iis/ftp-deployment.ts';
import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { hostProblem } from '../iis/host-checks.ts';
import { createSiteChanges } from '../iis/change-sites.ts';
import { readInventory } from '../iis/inventory.ts';
import { coalesce } from '../concurrency/coalesce.ts';
import type { Deployment } from '../ports/deployment.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { EnginePorts } from '../renewal/engine/engine-ports.ts';
import type { AcmePorts } from '../renewal/issuers/acme/acme-ports.ts';
import { ownThumbprints } from '../renewal/state/issued-table.ts';
import type { Store } from '../store/store.ts';
import { tlsProbe } from '../verify/tls-probe.ts';
import type { SharedHost } from './shared-host.ts';
import type { Environment } from './environment.ts';
import { limitHeapGrowth } from './limit-heap-growth.ts';

/** What needs this machine's web server. */
export interface HostParts {
  readonly solverFor: AcmePorts['solverFor'];
  readonly deploymentFor: EnginePorts['deploymentFor'];
}

/** Connects to the web server where one is needed: a machine without IIS can still obtain certificates that no deployment uses. */
export async function openHostParts(
  environment: Environment,
  shared: SharedHost,
  store: Store,
  needs: { readonly deployments: boolean },
  dnsHosts?: DnsHostParts,
): Promise<HostParts> {
  limitHeapGrowth();
  const host = await openHost(shared, needs.deployments);
  const inventory = host === null ? null : coalesce(() => readInventory(host));
  // One for the run: the backup of IIS's configuration is made once.
  const changes = host === null ? null : createSiteChanges(host, environment.clock, { backUp: true });
  const solverFor = createSolvers({
    windows: host === null || inventory === null ? null : { host, sites: async () => (await inventory()).sites },
    clock: environment.clock,
    random: environment.random,
    dnsServers: environment.dnsServers,
    dnsPort: environment.dnsPort,
    ...(dnsHosts === undefined ? {} : { dnsHosts }),
  });
  return {
    solverFor,
    deploymentFor: (certificate, config): Deployment => {
      if (host === null || inventory === null || changes === null) {
        throw new EverbindError(
          'WIN_NOT_WINDOWS',
          `the deployment of ${certificate.name} needs a Windows host with IIS`,
        );
      }
      const own = (): ReadonlyMap<string, string> => store.read(ownThumbprints);
      if (config.type === 'iis-ftp') {
        const { sites, adopt, store: certificateStore } = config;
        return createIisFtpDeployment({ host, changes, sites, adopt, store: certificateStore, ownThumbprints: own });
      }
      return createIisDeployment({
        host,
        probe: tlsProbe,
        sites: config.sites,
        adopt: config.adopt,
        store: config.store,
        adoptForeignAppIds: config.adoptForeignAppIds,
        ownThumbprints: own,
        readInventory: inventory,
      });
    },
  };
}

const withoutServer: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WIN_NOT_WINDOWS',
  'IIS_NOT_INSTALLED',
  'IIS_TOO_OLD',
]);

async function openHost(shared: SharedHost, needed: boolean): Promise<WindowsHost | null> {
  try {
    const host = await shared.open();
    const problem = hostProblem(await host.describe());
    if (problem !== null) throw problem;
    return host;
  } catch (error) {
    if (!needed && error instanceof EverbindError && withoutServer.has(error.code)) return null;
    throw error;
  }
}
