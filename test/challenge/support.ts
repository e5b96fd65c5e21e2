import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import type { ChallengeTask } from '../../src/ports/solver.ts';
import type { SiteBinding, SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { parseBindingInformation } from '../../src/iis/config/binding-information.ts';

export function httpTask(name = 'shop.everbind.test', type: 'dns' | 'ip' = 'dns'): ChallengeTask {
  const token = randomBytes(32).toString('base64url');
  const keyAuthorization = `${token}.${randomBytes(32).toString('base64url')}`;
  return { type: 'http-01', identifier: { type, value: name }, wildcard: false, token, keyAuthorization };
}

export function dnsTask(name = 'shop.everbind.test', wildcard = false): ChallengeTask {
  return { ...httpTask(name), type: 'dns-01', wildcard };
}

export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-challenge-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file (with its octets) and every folder below. */
export async function treeOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const tree: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    tree[path.slice(folder.length)] = entry.isDirectory() ? 'folder' : (await readFile(path)).toString('base64');
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A tree with the folders for challenge responses below these site roots: once made, they stay, empty. */
export function withChallengeFolders(
  tree: Awaited<ReturnType<typeof treeOf>>,
  ...roots: readonly string[]
): Awaited<ReturnType<typeof treeOf>> {
  const folders = roots.flatMap((root) => [`${root}/.well-known`, `${root}/.well-known/acme-challenge`]);
  return { ...tree, ...Object.fromEntries(folders.map((folder) => [folder, 'folder'])) };
}

/** For assert.rejects: the code and, where given, details.reason. */
export function coded(code: string, reason?: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof EverbindError &&
    error.code === code &&
    (reason === undefined || error.details['reason'] === reason);
}

export function site(
  name: string,
  bindings: readonly (readonly [protocol: string, information: string])[],
  more: Partial<SiteInventory> = {},
): SiteInventory {
  return {
    name,
    id: 1,
    state: 'Started',
    serverAutoStart: true,
    rootPath: `C:\\inetpub\\${name}`,
    ftp: null,
    bindings: bindings.map(
      ([protocol, text]): SiteBinding => ({
        protocol,
        text,
        information: parseBindingInformation(protocol, text),
        sslFlags: 0,
        inherited: false,
      }),
    ),
    ...more,
  };
}

/** Connections that say `first` and then nothing, as an attacker opens them. */
export async function flood(port: number, count: number, first = ''): Promise<Flood> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      await new Promise<void>((resolve) => {
        socket.once('connect', resolve);
        socket.once('close', () => resolve());
      });
      if (first !== '') socket.write(first);
      return socket;
    }),
  );
  return {
    open: () => sockets.filter((socket) => !socket.closed).length,
    stop: () => sockets.forEach((socket) => socket.destroy()),
  };
}

export interface Flood {
  /** How many are still open. */
  open(): number;
  stop(): void;
}

/** Waits until it is so, for `ms` milliseconds at most; how long it took. */
export async function until(done: () => boolean, ms: number): Promise<number> {
  const began = performance.now();
  while (!done()) {
    if (performance.now() - began > ms) throw new Error(`not within ${ms} ms`);
    await sleep(10);
  }
  return performance.now() - began;
}
