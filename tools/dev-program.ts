import { dirname } from 'node:path';
import { type CommandResult, runCommand } from '../lab/run-command.ts';

/** Runs a program of node_modules/.bin on the Node that runs this script, whatever Node the machine has. */
export function devProgram(name: string, args: readonly string[]): Promise<CommandResult> {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return runCommand(`node_modules/.bin/${name}`, args, { env: { ...process.env, PATH: path } });
}
