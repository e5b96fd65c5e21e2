import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSolvers } from '../../src/challenge/solvers.ts';
import type { HttpModeChoice } from '../../src/challenge/http-01/choose-mode.ts';
import type { HttpChallengeConfig } from '../../src/config/types.ts';
import type { SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { type SimWindows, type SimWindowsOptions, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import { temporaryFolder, treeOf } from './support.ts';

const sites: readonly (readonly [name: string, ...bindings: string[]])[] = [
  ['shop', '*:80:shop.everbind.test', '*:80:www.shop.everbind.test'],
  ['tenants', '*:80:*.tenants.everbind.test'],
  ['address', '127.0.0.20:80:'],
  ['bücher', '*:80:bücher.everbind.test'],
  ['elsewhere', '*:8080:elsewhere.everbind.test'],
];

const configuration = `<?xml version="1.0" encoding="UTF-8"?>
<configuration><system.applicationHost><sites>${sites
  .map(
    ([name, ...bindings], index) => `
  <site name="${name}" id="${index + 1}">
    <application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\${name}" /></application>
    <bindings>${bindings.map((text) => `<binding protocol="http" bindingInformation="${text}" />`).join('')}</bindings>
  </site>`,
  )
  .join('')}
</sites></system.applicationHost></configuration>`;

export interface World {
  readonly sim: SimWindows;
  /** Root folders of the sites, `C:\inetpub`. */
  readonly inetpub: string;
  readonly choices: string[];
  /** The reason of each choice. */
  readonly reasons: string[];
  readonly solvers: ReturnType<typeof createSolvers>;
  tree(): ReturnType<typeof treeOf>;
}

/** For what is known to fail: nothing waits. */
export const impatient: Clock = { now: () => Date.now(), sleep: async () => {} };

/** A double of a Windows host with a handful of sites, and the solvers over it. */
export async function startWorld(
  t: TestContext,
  options: Partial<SimWindowsOptions> = {},
  more: {
    readonly hostOf?: (sim: SimWindows) => WindowsHost;
    readonly sites?: readonly SiteInventory[];
    readonly clock?: Clock;
  } = {},
): Promise<World> {
  const rootFolder = await temporaryFolder(t);
  const sim = await startSimWindows({ applicationHostConfig: Buffer.from(configuration), rootFolder, ...options });
  t.after(() => sim.stop());
  const choices: string[] = [];
  const reasons: string[] = [];
  const host = more.hostOf?.(sim) ?? sim.host;
  return {
    sim,
    inetpub: join(rootFolder, 'C', 'inetpub'),
    choices,
    reasons,
    solvers: createSolvers({
      windows: { host, sites: async () => more.sites ?? (await readInventory(host)).sites },
      clock: more.clock ?? systemClock,
      random: systemRandom,
      onChoice: (task, choice: HttpModeChoice) => {
        choices.push(`${task.identifier.value} ${choice.mode} ${choice.code}`);
        reasons.push(choice.reason);
      },
    }),
    tree: () => treeOf(rootFolder),
  };
}

export function http(mode: HttpChallengeConfig['mode'], more: Partial<HttpChallengeConfig> = {}): HttpChallengeConfig {
  return { type: 'http-01', mode, path: null, port: 80, ...more };
}
