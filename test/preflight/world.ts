import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackWithLibraries } from '../../lab/debian-package.ts';
import { bindZone, startBind } from '../../lab/interop/bind.ts';
import { createProcesses } from '../../lab/interop/processes.ts';
import { freePorts } from '../../lab/loopback.ts';
import { startPebbleFront } from '../../lab/pebble/front.ts';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import { createResolver } from '../../src/dns/resolver.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type Run, runIn } from '../cli/world.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

export interface CheckWorld {
  readonly stateDir: string;
  readonly pebble: Pebble;
  readonly httpPort: number;
  /**
   * BIND with broken.test (wrong signatures) and empty.test (no addresses), `address:port`; it takes no update without
   * a key of its own.
   */
  readonly bind: { readonly server: string; readonly resolver: string };
  /** What reached the CA since it started, `GET /dir`. */
  readonly asked: readonly string[];
  /** Runs a command with these issuers and certificates in everbind.yaml; the issuer `pebble` has these settings. */
  run(args: readonly string[], certificates: readonly object[], options?: CheckOptions): Promise<Run>;
  /** A web server of somebody else at the port where CAs look. */
  foreign(address: string, answer: RequestListener): Promise<void>;
  stop(): Promise<void>;
}

export interface CheckOptions {
  /** Beside `pebble`. */
  readonly issuers?: readonly object[];
  readonly issuer?: Readonly<Record<string, unknown>>;
  readonly dnsServer?: string;
  readonly input?: string;
  readonly clock?: Clock;
}

/**
 * IIS with one site that receives every name, Pebble that counts who asks what, and BIND with zones that are broken.
 */
export async function startCheckWorld(): Promise<CheckWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-check-'));
  const stops: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
  };
  try {
    const stateDir = join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    const sim = await startSimWindows({
      applicationHostConfig: Buffer.from(
        configuration([{ name: 'All', bindings: [{ protocol: 'http', info: '*:80:' }] }]),
      ),
      rootFolder: join(folder, 'windows'),
    });
    stops.push(() => sim.stop());
    const { httpPort } = sim;
    const pebble = await startPebble({ httpPort });
    stops.push(() => pebble.stop());
    const asked: string[] = [];
    const front = await startPebbleFront(pebble, (method, path) => asked.push(`${method} ${path}`));
    stops.push(() => front.stop());
    await writeFile(join(folder, 'listener.pem'), front.listenerCaPem);
    await writeFile(join(folder, 'root.pem'), await pebble.rootPem());
    const bind = await startBrokenZones(join(folder, 'bind'), stops);
    const issuer = {
      name: 'pebble',
      directory: front.directoryUrl,
      termsOfServiceAgreed: true,
      trustRoots: [join(folder, 'listener.pem')],
      certificateRoots: [join(folder, 'root.pem')],
    };
    return {
      stateDir,
      pebble,
      httpPort,
      bind,
      asked,
      run: async (args, certificates, options = {}) => {
        const file = {
          version: 1,
          issuers: [{ ...issuer, ...options.issuer }, ...(options.issuers ?? [])],
          certificates: certificates.map((one) => ({ deployments: [], ...one })),
        };
        await writeFile(join(stateDir, 'everbind.yaml'), JSON.stringify(file, null, 2));
        const world = {
          stateDir,
          dnsServers: [options.dnsServer ?? pebble.dnsServer],
          publicHttpPort: httpPort,
          openHost: () => Promise.resolve({ host: sim.host, close: () => {} }),
        };
        return runIn(world, args, { input: options.input ?? '', clock: options.clock ?? systemClock });
      },
      foreign: async (address, answer) => {
        const server = createServer(answer);
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(httpPort, address, resolve);
        });
        stops.push(() => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A server with the zones, and a resolver that wants broken.test signed, which it is not. */
async function startBrokenZones(folder: string, stops: (() => unknown)[]): Promise<CheckWorld['bind']> {
  const root = await unpackWithLibraries('dns-servers', ['bind9', 'knot', 'pdns-server', 'pdns-backend-sqlite3']);
  const address = '127.0.0.1';
  const [port = 0, resolverPort = 0] = await freePorts(2);
  const processes = createProcesses();
  stops.push(() => processes.stop());
  // `test` itself, since CAA records are looked for up to the top.
  const zones = ['test', 'broken.test', 'empty.test'];
  const servers = { ns1: address };
  const primary = join(folder, 'primary');
  await startBind(processes, {
    root,
    folder: primary,
    port,
    addresses: [address],
    options: ['recursion no;'],
    zones: await Promise.all(
      zones.map((name) => bindZone(primary, { name, servers, records: ['www TXT "no address"'] }, null)),
    ),
  });
  await startBind(processes, {
    root,
    folder: join(folder, 'resolver'),
    port: resolverPort,
    addresses: [address],
    options: ['recursion yes;', 'allow-recursion { any; };'],
    trustAnchors: [`broken.test. static-ds 12345 13 2 "${randomBytes(32).toString('hex')}";`],
    zones: [
      'zone "." { type hint; file "/dev/null"; };',
      ...zones.map(
        (name) => `zone "${name}" { type forward; forward only; forwarders { ${address} port ${port}; }; };`,
      ),
    ],
  });
  const resolver = createResolver({ random: systemRandom, servers: [`${address}:${resolverPort}`] });
  await processes.until('BIND', () => resolver.lookup('empty.test', 'SOA'));
  return { server: `${address}:${port}`, resolver: `${address}:${resolverPort}` };
}
