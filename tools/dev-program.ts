import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, runCommand } from '../lab/run-command.ts';

/** Runs a program of node_modules/.bin on the Node that runs this script, whatever Node the machine has. */
export function devProgram(name: string, args: readonly string[], cwd = '.'): Promise<CommandResult> {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const file = fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
  return runCommand(file, args, { cwd, env: { ...process.env, PATH: path } });
}
