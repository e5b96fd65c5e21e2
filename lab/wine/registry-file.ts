import { readFile, writeFile } from 'node:fs/promises';

/**
 * Sets values in a registry file of a prefix (system.reg is HKEY_LOCAL_MACHINE, user.reg HKEY_CURRENT_USER). wineserver
 * reads the files when the first process of the prefix starts and writes them when the last one ends: none may be
 * running. `key` as `Software\Wine`; values as a registry file has them, `"native"` or `dword:0000000a`.
 */
export async function setRegistryValues(
  file: string,
  key: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const text = await readFile(file, 'utf8');
  const lines = Object.entries(values).map(([name, value]) => `"${name}"=${value}`);
  const section = `[${key.replaceAll('\\', '\\\\')}]`;
  const start = text.indexOf(`\n${section}`);
  if (start < 0) {
    await writeFile(file, `${text}\n${section}\n${lines.join('\n')}\n`);
    return;
  }
  const names = Object.keys(values).map((name) => `"${name}"=`);
  const [title = '', ...rest] = text.slice(start + 1).split('\n');
  const end = rest.findIndex((line) => line.startsWith('['));
  const kept = rest.filter((line, index) => (end >= 0 && index >= end) || !names.some((name) => line.startsWith(name)));
  await writeFile(file, `${text.slice(0, start + 1)}${[title, ...lines, ...kept].join('\n')}`);
}
