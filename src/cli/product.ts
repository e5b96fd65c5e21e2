import { systemClock, systemRandom } from '../net/system.ts';
import { processIo } from './process-io.ts';
import { stopSignal } from './stop-signal.ts';
import { runCli } from './run.ts';

/** Runs the product on this machine. Only SYSTEM and Administrators (root) can read its folder. */
export async function main(process: NodeJS.Process): Promise<number> {
  const stateDir =
    process.platform === 'win32' ? `${process.env['ProgramData'] ?? 'C:\\ProgramData'}\\Everbind` : '/var/lib/everbind';
  return await runCli(process.argv.slice(2), {
    io: processIo(process),
    clock: systemClock,
    random: systemRandom,
    stateDir,
    configFile: `${stateDir}${process.platform === 'win32' ? '\\' : '/'}everbind.yaml`,
    ...(process.platform === 'win32' ? { ensurePrivateFolder } : {}),
    openHost: async () => {
      const { createWindowsHost } = await import('../windows/host.ts');
      return { host: await createWindowsHost(), close: () => {} };
    },
    signal: stopSignal(process),
  });
}

async function ensurePrivateFolder(path: string): Promise<void> {
  const windows = await import('../windows/files/private-folder.ts');
  await windows.ensurePrivateFolder(path);
}
