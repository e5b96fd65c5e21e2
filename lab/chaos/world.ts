import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Inventory } from '../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { type Declaration, declareCertificates } from '../demo/declare.ts';
import type { DemoWorld } from '../demo/world.ts';
import { createFaultPlan, type FaultPlan } from '../fault-proxy/fault-plan.ts';
import { FAULTS } from '../fault-proxy/fault-table.ts';
import { type FaultProxy, startFaultProxy } from '../fault-proxy/proxy.ts';
import { upstreamOf } from '../fault-proxy/upstream.ts';
import { type Pebble, startPebble } from '../pebble/server.ts';
import type { ChoiceOrder } from '../sim-windows/serving/certificate-choice.ts';
import { seedCertificates } from '../sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../sim-windows/sim-windows.ts';
import { FLEET_CONFIGURATION, fleetYaml } from './fleet.ts';
import { readLead } from './moving-clock.ts';
import { quirkFaults } from './quirk-faults.ts';
import type { Scenario } from './scenario.ts';

/** A CA behind fault proxies, a server that lives on whatever is killed, and a state folder with its configuration. */
export interface ChaosWorld {
  readonly pebble: Pebble;
  readonly sim: SimWindows;
  readonly proxies: readonly { readonly issuer: string; readonly proxy: FaultProxy; readonly plan: FaultPlan }[];
  readonly demo: DemoWorld;
  readonly clockFile: string;
  /** Folder of the server's files. */
  readonly windows: string;
  readonly declared: Declaration;
  readonly choiceOrder: ChoiceOrder;
  readonly inventory: Inventory;
  /** Told each request and each response that passes a proxy. */
  onPass: () => void;
  stop(): Promise<void>;
}

export async function startWorld(seed: number, scenario: Scenario): Promise<ChaosWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-chaos-'));
  const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const [windows, socketPath, clockFile] = ['windows', 'windows.sock', 'clock'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const sim = await startSimWindows({
      applicationHostConfig: Buffer.from(FLEET_CONFIGURATION),
      rootFolder: windows,
      socketPath,
      choiceOrder: scenario.choiceOrder,
    });
    closers.push(() => sim.stop());
    await seedCertificates(sim.host, { daysLeft: 3 });
    const { retryAfterSeconds } = scenario;
    const pebble = await startPebble({ httpPort: sim.httpPort, retryAfterSeconds });
    closers.push(() => pebble.stop());
    const upstream = upstreamOf(pebble);
    closers.push(() => upstream.close());
    const stateDir = join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    const rootFile = join(folder, 'root.pem');
    await writeFile(rootFile, await pebble.rootPem());
    const faults = [...FAULTS, ...(await quirkFaults())];
    const proxies: { issuer: string; proxy: FaultProxy; plan: FaultPlan }[] = [];
    for (let number = 1; number <= scenario.issuers; number += 1) {
      const plan = createFaultPlan({ seed: seed * 10 + number, rate: scenario.rate, limit: scenario.limit, faults });
      const proxy = await startFaultProxy({
        upstream,
        plan,
        clockAheadMs: () => readLead(clockFile) + scenario.skewMs,
        onPass: () => world.onPass(),
      });
      closers.push(() => proxy.stop());
      const issuer = `ca-${number}`;
      await writeFile(join(folder, `${issuer}.pem`), proxy.caPem);
      proxies.push({ issuer, proxy, plan });
    }
    const inventory = await readInventory(sim.host);
    const declared = declareCertificates(inventory);
    await writeFile(
      join(stateDir, 'everbind.yaml'),
      fleetYaml({
        certificates: declared.certificates,
        issuers: proxies.map(({ issuer, proxy }) => ({
          name: issuer,
          directory: proxy.directoryUrl,
          trustRoots: [join(folder, `${issuer}.pem`)],
        })),
        rootFile,
        concurrency: scenario.concurrency,
      }),
    );
    const world: ChaosWorld = {
      pebble,
      sim,
      proxies,
      demo: { pid: process.pid, stateDir, socketPath, dnsServer: pebble.dnsServer, httpPort: pebble.httpPort },
      clockFile,
      windows,
      declared,
      choiceOrder: scenario.choiceOrder,
      inventory,
      onPass: () => {},
      stop,
    };
    return world;
  } catch (error) {
    await stop();
    throw error;
  }
}
