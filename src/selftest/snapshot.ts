import { createHmac, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { readInventory } from '../iis/inventory.ts';
import { recordKeyText } from '../iis/records/ssl-record.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { Snapshots } from './result-file.ts';

/** Puts `name#` and twelve hex digits in the place of a name. Equal names have equal digits within one run only. */
export type HideName = (name: string) => string;

export function createNameHider(): HideName {
  const key = randomBytes(32);
  return (name) => `name#${createHmac('sha256', key).update(name.toLowerCase()).digest('hex').slice(0, 12)}`;
}

/**
 * Lines that stand for what a self-test could change on a server, sorted: records, certificates, sites, and on Windows
 * the files of keys, which no other call lists. What cannot be read is a line too.
 */
export async function snapshotOf(host: WindowsHost, hide: HideName): Promise<readonly string[]> {
  const sections = [
    section('records', async () =>
      (await host.sslRecords.enumerate()).map(
        (record) => `record ${record.key.kind} ${hide(recordKeyText(record.key))} ${hide(JSON.stringify(record))}`,
      ),
    ),
    ...(['MY', 'WebHosting', 'CA', 'Root'] as const).map((store) =>
      section(`store ${store}`, async () =>
        (await host.certificates.list(store)).map(
          ({ thumbprint, hasPrivateKey }) => `certificate ${store} ${hide(thumbprint)} ${hasPrivateKey}`,
        ),
      ),
    ),
    section('sites', async () =>
      (await readInventory(host)).sites.map(
        ({ name, bindings, ftp }) => `site ${hide(name)} ${hide(JSON.stringify([bindings, ftp]))}`,
      ),
    ),
    section('key files', async () => (await keyFiles()).map((name) => `key file ${hide(name)}`)),
  ];
  return (await Promise.all(sections)).flat().sort();
}

async function section(what: string, read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await read();
  } catch {
    return [`${what}: could not be read`];
  }
}

/** Where the software provider of Windows keeps the keys of the machine. */
async function keyFiles(): Promise<readonly string[]> {
  if (process.platform !== 'win32') return [];
  return readdir(`${process.env['ProgramData'] ?? 'C:\\ProgramData'}\\Microsoft\\Crypto\\Keys`);
}

/** What came and went between two snapshots. */
export function compareSnapshots(before: readonly string[], after: readonly string[]): Snapshots {
  const gone = without(before, after).map((line) => `- ${line}`);
  return { before, after, diff: [...gone, ...without(after, before).map((line) => `+ ${line}`)] };
}

/** The lines less those of `others`, each as often as it is there. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...others];
  return lines.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
