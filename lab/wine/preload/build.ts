import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInside } from '../chroot.ts';

const FOLDER = 'opt/preload';
const source = fileURLToPath(new URL('bind-port.c', import.meta.url));

/**
 * Environment under which Wine's http.sys has its port 80 on this number of loopback instead. It only answers requests whose Host header has a
 * port; the front that stands on port 80 sees to that.
 */
export async function movedHttpPort(root: string, port: number): Promise<Readonly<Record<string, string>>> {
  await mkdir(join(root, FOLDER), { recursive: true });
  await copyFile(source, join(root, FOLDER, 'bind-port.c'));
  const flags = ['-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  await runInside(root, ['/usr/bin/gcc', ...flags, '-o', `/${FOLDER}/bind-port.so`, `/${FOLDER}/bind-port.c`]);
  return { LD_PRELOAD: `/${FOLDER}/bind-port.so`, EVERBIND_LAB_HTTP_PORT: String(port) };
}
