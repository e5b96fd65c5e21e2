import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoubles } from './doubles/build.ts';
import { installDoubles } from './doubles/install.ts';
import { WINE_COPIES } from './doubles/library.ts';
import { ensureChroot, runInside } from './chroot.ts';
import { createPrefix, type WinePrefix } from './prefix.ts';
import { withLock } from '../machine-lock.ts';

export interface PrefixOptions {
  /** The server's applicationHost.config; null makes a Windows without IIS. */
  readonly applicationHostConfig: Uint8Array | null;
  /** Whether httpapi.dll exports HttpUpdateServiceConfiguration, which Windows Server 2016 does not. Default true. */
  readonly update?: boolean;
  /** For every process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Wine with doubles for what it lacks; see docs/verification.md. */
export interface WineLab {
  /** The Debian system that Wine runs in. */
  readonly root: string;
  /** Folder of the built doubles and their probes, as this machine sees it. */
  readonly doubles: string;
  newPrefix(options: PrefixOptions): Promise<WinePrefix>;
  /** Compiles for Windows in this folder of the lab, given as this machine sees it. */
  compile(folder: string, args: readonly string[]): Promise<void>;
}

const DOUBLES = 'opt/doubles';
const WORK = 'var/everbind';

/** The lab, made when it is not there. Throws where it cannot be: not root, or not Debian. */
export async function ensureLab(say: (line: string) => void = (line) => console.error(line)): Promise<WineLab> {
  const root = await ensureChroot(say);
  const wineDlls = join(root, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows');
  const compile: WineLab['compile'] = (folder, args) => {
    const inside = folder.slice(root.length);
    return runInside(root, ['/usr/bin/env', '-C', inside, '/usr/bin/x86_64-w64-mingw32-gcc', ...args]);
  };
  const parent = join(root, DOUBLES);
  const doubles = await withLock(parent, () => buildDoubles({ wineDlls, compile }, parent));
  return {
    root,
    doubles,
    compile,
    newPrefix: async ({ applicationHostConfig, update = true, env = {} }) => {
      const place = `${WORK}/${randomBytes(6).toString('hex')}`;
      await mkdir(join(root, place), { recursive: true });
      const copies = join(doubles.slice(root.length), WINE_COPIES);
      const prefix = await createPrefix(root, place, { WINEDLLPATH: copies, ...env });
      const stopAppcmd = await installDoubles(doubles, prefix, { update, applicationHostConfig });
      return {
        ...prefix,
        remove: async () => {
          await prefix.remove();
          await stopAppcmd();
        },
      };
    },
  };
}
