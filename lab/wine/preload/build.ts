import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInside } from '../chroot.ts';

const FOLDER = 'opt/preload';
const source = fileURLToPath(new URL('bind-port.c', import.meta.url));

/**
 * Environment under which Wine's http.sys has its port 80 on this number of loopback instead. It only responds to
 * requests whose Host header has a port; the front that stands on port 80 sees to that.
 */
export async function movedHttpPort(root: string, port: number): Promise<Readonly<Record<string, string>>> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 32);
  const library = `${FOLDER}/${hash}.so`;
  if (!existsSync(join(root, library))) await compile(root, library);
  return { LD_PRELOAD: `/${library}`, EVERBIND_LAB_HTTP_PORT: String(port) };
}

// Beside its place first: another run may have the library loaded.
async function compile(root: string, library: string): Promise<void> {
  const work = `${FOLDER}/${randomBytes(6).toString('hex')}`;
  await mkdir(join(root, FOLDER), { recursive: true });
  await copyFile(source, join(root, `${work}.c`));
  const flags = ['-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  await runInside(root, ['/usr/bin/gcc', ...flags, '-o', `/${work}.so`, `/${work}.c`]);
  await rename(join(root, `${work}.so`), join(root, library));
}
