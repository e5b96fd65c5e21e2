import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackFromUnstable } from '../lab/debian-package.ts';
import { freePorts } from '../lab/loopback.ts';
import { type CaPlace, startPebbleFront } from '../lab/pebble/front.ts';
import { withFreshCa } from './fresh-ca.ts';

export interface LegoRun {
  readonly count: number;
  /** Processes at a time; 1: one after another, as it is used. */
  readonly atOnce: number;
  /** Where the only process listens for the CA; any free port unless told. */
  readonly httpPort?: number;
}

/** Certificates per second of lego, one process a certificate. The account is made beforehand. */
export async function lego(ca: CaPlace, { count, atOnce, httpPort }: LegoRun): Promise<number> {
  const program = join(await unpackFromUnstable('lego'), 'usr/bin/lego');
  const folder = await mkdtemp(join(tmpdir(), 'everbind-lego-'));
  try {
    const authority = join(folder, 'ca.pem');
    await writeFile(authority, ca.listenerCaPem);
    const env = { PATH: process.env['PATH'] ?? '', LEGO_CA_CERTIFICATES: authority };
    const common = ['--server', ca.directoryUrl, '--accept-tos', '--email', 'bench@everbind.test', '--path', folder];
    const obtain = (name: string, port: number): Promise<void> =>
      run(
        program,
        [...common, '--key-type', 'ec256', '--http', '--http.port', `127.0.0.1:${port}`, '--domains', name, 'run'],
        env,
      );
    const ports = httpPort === undefined ? await freePorts(atOnce) : [httpPort];
    await obtain('lego-warm.bench.test', ports[0] ?? 0);
    const started = Date.now();
    let next = 0;
    await Promise.all(
      ports.map(async (port) => {
        while (next < count) await obtain(`lego-${next++}.bench.test`, port);
      }),
    );
    return count / ((Date.now() - started) / 1000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Certificates per second of the better of 8 and 16 lego processes at a time, the way that somebody in a hurry runs it.
 * A front keeps Pebble's gate for them. Behind it lego is also faster than without: a CA that answers a little later
 * has mostly finished when lego asks for the first time, and lego waits 5 s before it asks for an authorization again.
 */
export async function legoInParallel(count: number): Promise<number> {
  const rates: number[] = [];
  for (const atOnce of [8, 16]) {
    const certificatesPerSecond = await withFreshCa(async (pebble) => {
      const front = await startPebbleFront(pebble);
      try {
        return await lego(front, { count, atOnce });
      } finally {
        await front.stop();
      }
    });
    console.log(`lego, ${atOnce} processes at a time: ${certificatesPerSecond.toFixed(1)} certificates/s`);
    rates.push(certificatesPerSecond);
  }
  return Math.max(...rates);
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'ignore', timeout: 60_000, killSignal: 'SIGKILL' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`lego exited with ${code}`))));
  });
}
