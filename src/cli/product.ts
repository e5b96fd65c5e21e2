import { systemClock, systemRandom } from '../net/system.ts';
import { EverbindError } from '../errors/error.ts';
import { foreignVariable } from './foreign-variable.ts';
import { sayJson } from './output/json.ts';
import { processIo } from './process-io.ts';
import { errorReport, printError } from './report.ts';
import { stopSignal } from './stop-signal.ts';
import { runCli } from './run.ts';

/** Runs the product on this machine. Only SYSTEM and Administrators (root) can read its folder. */
export async function main(process: NodeJS.Process): Promise<number> {
  const io = processIo(process);
  const variable = foreignVariable(process.env);
  if (variable !== null) {
    const message = `the variable ${variable} is set: with it others decide what this program does`;
    const error = new EverbindError('CLI_ENVIRONMENT', message, { variable });
    if (process.argv.includes('--json')) sayJson(io, errorReport(error));
    else printError(io, error);
    return error.exitStatus;
  }
  const stateDir =
    process.platform === 'win32' ? `${process.env['ProgramData'] ?? 'C:\\ProgramData'}\\Everbind` : '/var/lib/everbind';
  return await runCli(process.argv.slice(2), {
    io,
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
