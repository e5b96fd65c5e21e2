import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER_FLAGS, type DoublesLab } from './build.ts';

/** Builds http-probe.exe and key-probe.exe into a folder that the lab sees too. */
export async function buildProbes(lab: Pick<DoublesLab, 'compile'>, folder: string): Promise<void> {
  for (const part of ['probes', 'httpapi', 'ncrypt']) {
    await mkdir(join(folder, part), { recursive: true });
    await cp(fileURLToPath(new URL(part, import.meta.url)), join(folder, part), { recursive: true });
  }
  const compile = (name: string, ...more: readonly string[]): Promise<void> =>
    lab.compile(folder, [
      ...COMPILER_FLAGS,
      '-municode',
      '-o',
      `${name}.exe`,
      `probes/${name}.c`,
      'probes/probe.c',
      ...more,
    ]);
  await compile('http-probe', 'httpapi/record-key.c', '-lcrypt32', '-lws2_32', '-lntdll');
  await compile('key-probe', '-lncrypt', '-ladvapi32');
}
