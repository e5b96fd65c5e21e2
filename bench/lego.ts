import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackFromUnstable } from '../lab/debian-package.ts';
import { freePorts } from '../lab/loopback.ts';
import type { Pebble } from '../lab/pebble/server.ts';

/** Certificates per second of lego, one process a certificate, one after another: how it is used. The account is made beforehand. */
export async function legoInARow(pebble: Pebble, count: number): Promise<number> {
  const lego = join(await unpackFromUnstable('lego'), 'usr/bin/lego');
  const folder = await mkdtemp(join(tmpdir(), 'everbind-lego-'));
  try {
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, pebble.listenerCaPem);
    const [port = 0] = await freePorts(1);
    const obtain = (name: string): Promise<void> =>
      run(
        lego,
        [
          '--server',
          pebble.directoryUrl,
          '--accept-tos',
          '--email',
          'bench@everbind.test',
          '--path',
          folder,
          '--key-type',
          'ec256',
          '--http',
          '--http.port',
          `127.0.0.1:${port}`,
          '--domains',
          name,
          'run',
        ],
        { PATH: process.env['PATH'] ?? '', LEGO_CA_CERTIFICATES: ca },
      );
    await obtain('lego-warm.bench.test');
    const started = Date.now();
    for (let index = 0; index < count; index += 1) await obtain(`lego-${index}.bench.test`);
    return count / ((Date.now() - started) / 1000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`lego exited with ${code}`))));
  });
}
