import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from '../../../src/net/transport.ts';
import { unpackFromUnstable } from '../../debian-package.ts';
import { freePorts } from '../../loopback.ts';
import type { CaPlace } from '../../pebble/front.ts';

/** Caddy's ACME server (smallstep's library) on loopback. */
export interface Caddy extends CaPlace {
  /** Root of the certificates that it issues (PEM). */
  readonly rootPem: string;
  stop(): Promise<void>;
}

/** `dnsServer`: where it looks for TXT records, `host:port`. */
export async function startCaddy(dnsServer: string): Promise<Caddy> {
  const root = await unpackFromUnstable('caddy');
  const folder = await mkdtemp(join(tmpdir(), 'everbind-caddy-'));
  const [http = 0, https = 0] = await freePorts(2);
  await writeFile(join(folder, 'Caddyfile'), caddyfile(folder, { http, https, dnsServer }));
  const child = spawn(
    join(root, 'usr/bin/caddy'),
    ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: folder },
      cwd: folder,
    },
  );
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  const directoryUrl = `https://127.0.0.1:${https}/acme/local/directory`;
  try {
    const rootPem = await ready(join(folder, 'data/pki/authorities/local/root.crt'), directoryUrl, child);
    return { directoryUrl, listenerCaPem: rootPem, rootPem, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function caddyfile(
  folder: string,
  { http, https, dnsServer }: { readonly http: number; readonly https: number; readonly dnsServer: string },
): string {
  return `{
  admin off
  auto_https disable_redirects
  storage file_system ${join(folder, 'data')}
  skip_install_trust
  http_port ${http}
  https_port ${https}
  pki {
    ca local {
      name "Everbind lab"
    }
  }
}
https://127.0.0.1:${https} {
  bind 127.0.0.1
  tls internal
  acme_server {
    ca local
    resolvers ${dnsServer}
    challenges dns-01
  }
}
`;
}

async function ready(rootFile: string, directoryUrl: string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      const rootPem = await readFile(rootFile, 'utf8');
      const transport = createTransport({ roots: [rootPem], proxy: null });
      try {
        const { status } = await transport({
          method: 'GET',
          url: directoryUrl,
          headers: {},
          maxBytes: 65_536,
          timeoutMs: 2000,
        });
        if (status === 200) return rootPem;
      } finally {
        transport.close();
      }
    } catch (error) {
      if (child.exitCode !== null) throw new Error('Caddy did not start', { cause: error });
    }
    if (Date.now() > deadline) throw new Error('Caddy did not start in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
