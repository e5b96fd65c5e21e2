import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInventory } from '../../../src/iis/inventory.ts';
import type { SslRecord, WindowsHost } from '../../../src/ports/windows-host.ts';
import { demoConfiguration } from '../../demo/configuration.ts';
import { type Declaration, declareCertificates } from '../../demo/declare.ts';
import { freePorts } from '../../loopback.ts';
import { hold } from '../../machine-lock.ts';
import { type Pebble, startPebble } from '../../pebble/server.ts';
import { seedCertificates } from '../../sim-windows/seed.ts';
import { TEMPLATE } from '../chroot.ts';
import { startFront } from '../front/front.ts';
import { startHttpPort } from '../front/http-port.ts';
import type { WineLab } from '../lab.ts';
import { movedHttpPort } from '../preload/build.ts';
import type { WineEnd, WinePrefix, WineRun } from '../prefix.ts';
import { startWineHost } from '../wine-host.ts';
import { APPLICATION_HOST_CONFIG } from './configuration.ts';

const HTTP_PORT = 80;
const PROVIDER = 'Microsoft Software Key Storage Provider';
/** The program's default folder on Windows. */
const STATE = ['ProgramData', 'Everbind'];
const STATE_WINDOWS = 'C:\\ProgramData\\Everbind';

/**
 * A Windows server with IIS under Wine, its sites' certificates about to expire, a CA that validates on its port 80,
 * and Everbind installed.
 */
export interface WineServer {
  readonly prefix: WinePrefix;
  /** The prefix as it was made, as this machine sees it. */
  readonly template: string;
  /** The host as the program sees it, through another process inside Wine. */
  readonly host: WindowsHost;
  readonly pebble: Pebble;
  readonly declared: Declaration;
  /** Runs a command of Everbind's win32 build. */
  everbind(args: readonly string[], options?: WineRun): Promise<WineEnd>;
  stop(): Promise<void>;
}

export interface WineServerOptions {
  /** Whether httpapi.dll can replace a record at once. Default true. */
  readonly update?: boolean;
  /** Entry of the program that `everbind` runs. */
  readonly program?: string;
}

export async function startWineServer(lab: WineLab, options: WineServerOptions = {}): Promise<WineServer> {
  const running: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of running.splice(0).toReversed()) await end();
  };
  try {
    // One such server at a time may run on this machine: it takes the ports 80 and 443.
    running.push(await hold('wine server'));
    const [httpPort = 0] = await freePorts(1);
    const prefix = await lab.newPrefix({
      applicationHostConfig: Buffer.from(APPLICATION_HOST_CONFIG),
      ...(options.update === undefined ? {} : { update: options.update }),
      env: await movedHttpPort(lab.root, httpPort),
    });
    running.push(() => prefix.remove());
    const program = await prefix.install(options.program ?? 'src/cli/main.ts', 'everbind');
    const wine = await startWineHost(prefix);
    running.push(async () => void (await wine.close()));
    const { host } = wine;
    await seedCertificates(host, { daysLeft: 5, keyProvider: PROVIDER });
    await makeUnusual(host);
    const front = await startFront(host, prefix);
    running.push(() => front.stop());
    running.push(await startHttpPort({ port: HTTP_PORT, targetPort: httpPort }));
    const pebble = await startPebble({ httpPort: HTTP_PORT, rejectNoncesPercent: 15, chainLength: 2 });
    running.push(() => pebble.stop());
    const declared = declareCertificates(await readInventory(host));
    await writeState(prefix, pebble, declared);
    return {
      prefix,
      template: join(lab.root, TEMPLATE),
      host,
      pebble,
      declared,
      everbind: (args, run) => prefix.run([program, ...args], run),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Gives the records values in every field that a renewal must carry over. */
async function makeUnusual(host: WindowsHost): Promise<void> {
  for (const [index, record] of (await host.sslRecords.enumerate()).entries()) {
    const changed: SslRecord = {
      ...record,
      certCheckMode: index % 2,
      revocationFreshnessTime: 60 + index,
      revocationUrlRetrievalTimeout: 5000 + index,
      ctlIdentifier: index % 3 === 0 ? `list ${index} é` : null,
      ctlStoreName: index % 3 === 0 ? 'CTL' : null,
      flags: record.flags | 0x2000,
    };
    await host.sslRecords.update(changed);
  }
}

async function writeState(prefix: WinePrefix, pebble: Pebble, { certificates }: Declaration): Promise<void> {
  const folder = join(prefix.driveC, ...STATE);
  // As Wine has it: for its owner alone.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'listener.pem'), pebble.listenerCaPem);
  await writeFile(join(folder, 'root.pem'), await pebble.rootPem());
  const text = demoConfiguration({
    directoryUrl: pebble.directoryUrl,
    listenerCaFile: `${STATE_WINDOWS}\\listener.pem`,
    rootFile: `${STATE_WINDOWS}\\root.pem`,
    certificates,
    port80: 'http',
    dnsCommand: ['C:\\none.exe'],
    providers: ['cng', 'Microsoft Platform Crypto Provider'],
  });
  await writeFile(join(folder, 'everbind.yaml'), text);
}
