import { readdir } from 'node:fs/promises';
import { readInventory } from '../../src/iis/inventory.ts';
import { recordKeyText } from '../../src/iis/records/ssl-record.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { Snapshots } from '../../src/selftest/result-file.ts';
import type { NameHider } from './name-hider.ts';

/** Lines that stand for what a run could change on a machine, sorted. What cannot be read is a line too. */
export async function snapshotOf(host: WindowsHost, { hide }: NameHider): Promise<readonly string[]> {
  const lines: string[] = [];
  const section = async (what: string, read: () => Promise<readonly string[]>): Promise<void> => {
    try {
      lines.push(...(await read()));
    } catch {
      lines.push(`${what}: could not be read`);
    }
  };
  await section('records', async () =>
    (await host.sslRecords.enumerate()).map((record) => {
      const { key, certificateHash, ...rest } = record;
      const other = hide(JSON.stringify(rest));
      return `record ${key.kind} ${hide(recordKeyText(key))} ${hide(certificateHash ?? '')} ${other}`;
    }),
  );
  for (const store of ['MY', 'WebHosting', 'CA', 'Root'] as const) {
    await section(`store ${store}`, async () =>
      (await host.certificates.list(store)).map(({ thumbprint, hasPrivateKey, friendlyName }) => {
        return `certificate ${store} ${hide(thumbprint)} ${hasPrivateKey} ${hide(friendlyName ?? '')}`;
      }),
    );
  }
  await section('sites', async () =>
    (await readInventory(host)).sites.map(({ name, state, bindings, ftp }) => {
      const list = bindings.map(({ protocol, text, sslFlags }) => `${protocol} ${text} ${sslFlags}`);
      return `site ${hide(name)} ${state} ${hide(JSON.stringify([list, ftp]))}`;
    }),
  );
  await section('key files', async () => {
    if (process.platform !== 'win32') return [];
    const folder = `${process.env['ProgramData'] ?? 'C:\\ProgramData'}\\Microsoft\\Crypto\\Keys`;
    return (await readdir(folder)).map((name) => `key file ${hide(name)}`);
  });
  return lines.sort();
}

/** What came and went between two snapshots. */
export function compareSnapshots(before: readonly string[], after: readonly string[]): Snapshots {
  const less = (from: readonly string[], what: readonly string[]): readonly string[] => {
    const rest = [...what];
    return from.filter((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  };
  return {
    before,
    after,
    diff: [...less(before, after).map((line) => `- ${line}`), ...less(after, before).map((line) => `+ ${line}`)],
  };
}
