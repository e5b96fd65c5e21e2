import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setRegistryValues } from '../registry-file.ts';
import { DOUBLED_LIBRARIES } from './library.ts';
import { startAppcmdService } from './appcmd/service.ts';

/** A prefix as the installation sees it; no Wine process may be running in it. */
export interface DoublesPrefix {
  /** The prefix on this machine. */
  readonly folder: string;
  /** Its drive C: on this machine. */
  readonly driveC: string;
}

/**
 * Puts built doubles into a prefix and has Wine prefer them to its own. `update`: whether httpapi.dll exports
 * HttpUpdateServiceConfiguration. `applicationHostConfig` is the server's configuration to begin with; null makes a
 * host without IIS: no appcmd.exe. Returns a function that stops the service behind appcmd.exe.
 */
export async function installDoubles(
  built: string,
  prefix: DoublesPrefix,
  options: { readonly update: boolean; readonly applicationHostConfig: Uint8Array | null },
): Promise<() => Promise<void>> {
  const system32 = join(prefix.driveC, 'windows', 'system32');
  await replace(join(built, options.update ? 'httpapi.dll' : 'httpapi-no-update.dll'), join(system32, 'httpapi.dll'));
  const wines = DOUBLED_LIBRARIES.map((name) => `${name}_wine.dll`);
  for (const file of ['crypt32.dll', 'ncrypt.dll', ...wines]) {
    await replace(join(built, file), join(system32, file));
  }
  const preferred = Object.fromEntries(DOUBLED_LIBRARIES.map((name) => [name, '"native"']));
  await setRegistryValues(join(prefix.folder, 'user.reg'), 'Software\\Wine\\DllOverrides', preferred);
  if (options.applicationHostConfig === null) return async () => {};
  const version = { MajorVersion: 'dword:0000000a', MinorVersion: 'dword:00000000' };
  await setRegistryValues(join(prefix.folder, 'system.reg'), 'Software\\Microsoft\\InetStp', version);
  for (const service of ['W3SVC', 'FTPSVC']) {
    const key = `System\\ControlSet001\\Services\\${service}`;
    await setRegistryValues(join(prefix.folder, 'system.reg'), key, { Start: 'dword:00000002' });
  }
  const inetsrv = join(system32, 'inetsrv');
  await mkdir(join(inetsrv, 'config'), { recursive: true });
  await writeFile(join(inetsrv, 'config', 'applicationHost.config'), options.applicationHostConfig);
  const service = await startAppcmdService(inetsrv);
  await copyFile(join(built, 'appcmd.exe'), join(inetsrv, 'appcmd.exe'));
  await writeFile(join(inetsrv, 'appcmd-port.txt'), `${service.port}\n`);
  return () => service.stop();
}

// A new file: other prefixes may share the old one.
async function replace(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to);
}
