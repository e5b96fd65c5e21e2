import type { HttpChallengeConfig } from '../../config/types.ts';
import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Solver } from '../../ports/solver.ts';
import type { InboundAccess, WindowsHost } from '../../ports/windows-host.ts';
import { iisEndpoints } from './endpoints.ts';
import type { HttpMode } from './choose-mode.ts';
import { firewallDoubt, inboundAccess } from './firewall-doubt.ts';
import { createHttpSysSolver } from './http-sys.ts';
import { createWebrootSolver } from './webroot.ts';
import { sitesFor } from './sites.ts';
import { memoizeFor } from '../../concurrency/memoize-for.ts';
import { createSelfCheck } from './self-check.ts';
import { createWebrootFolders } from './webroot-folder.ts';

/** IIS and its sites. */
export interface WindowsSites {
  readonly host: WindowsHost;
  /** Called again after half a minute at the earliest. */
  readonly sites: () => Promise<readonly SiteInventory[]>;
}

/** The http-01 solvers that need Windows; every call makes a new one. */
export interface WindowsHttp {
  /** For chooseHttpMode. What does not matter while http.sys can be tried is not looked for until it has failed. */
  facts(
    port: number,
    failed: ReadonlyMap<HttpMode, string>,
  ): Promise<{
    readonly elevated: boolean;
    readonly sites: readonly SiteInventory[];
    readonly listenerAccess: InboundAccess;
  }>;
  httpSys(port: number): Solver;
  webroot(config: Pick<HttpChallengeConfig, 'path' | 'port'>): Solver;
}

const SITES_AGE_MS = 30_000;

export function createWindowsHttp(windows: WindowsSites, clock: Clock): WindowsHttp {
  const { host } = windows;
  const sites = memoizeFor(SITES_AGE_MS, clock, windows.sites);
  const description = memoizeFor(Number.POSITIVE_INFINITY, clock, () => host.describe());
  const folders = createWebrootFolders(host.files);
  const checkAt = (port: number, of = sites) => createSelfCheck({ resolve: iisEndpoints(host, of, port), clock });
  // Where IIS does not say, a URL prefix can still be seen on every address.
  const knownSites = (): Promise<readonly SiteInventory[]> => sites().catch(() => []);
  return {
    facts: async (port, failed) => {
      const { elevated } = await description();
      const refused = failed.has('http.sys');
      return {
        elevated,
        sites: elevated && !refused ? [] : await sites(),
        listenerAccess: refused ? await inboundAccess(host, port, 'program') : 'unknown',
      };
    },
    httpSys: (port) => ({
      ...createHttpSysSolver({ httpServer: host.httpServer, port, selfCheck: checkAt(port, knownSites), clock }),
      firewallDoubt: () => firewallDoubt(host, port, 'http.sys'),
    }),
    webroot: ({ path, port }) => ({
      ...createWebrootSolver({
        folders,
        rootsFor: async (name) => {
          if (path !== null) return [path];
          const serving = sitesFor(await sites(), 'http', name, port)?.sites ?? [];
          return serving.flatMap(({ site }) => (site.rootPath === null ? [] : [site.rootPath]));
        },
        selfCheck: checkAt(port),
      }),
      firewallDoubt: () => firewallDoubt(host, port, 'http.sys'),
    }),
  };
}
