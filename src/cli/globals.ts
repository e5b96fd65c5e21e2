import type { AgentPaths } from '../agent/environment.ts';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliEnvironment } from './environment.ts';

/** Options that every command takes. */
export interface Globals extends AgentPaths {
  /** One JSON document on standard output instead of text. */
  readonly json: boolean;
}

/** Adds the options that every command takes. */
export function withGlobals(command: Command): Command {
  return command
    .option('--json', 'print one JSON document instead of text')
    .option('--config <file>', 'configuration file (default: everbind.yaml in the state folder)')
    .option('--state-dir <folder>', 'state folder: database, sealed keys, audit log');
}

/** Reads these options. */
export function globalsOf(command: Command, environment: CliEnvironment): Globals {
  const options = command.opts<{ json?: boolean; config?: string; stateDir?: string }>();
  const stateDir = resolve(options.stateDir ?? environment.stateDir);
  const configFile =
    options.config ?? (options.stateDir === undefined ? environment.configFile : `${stateDir}/everbind.yaml`);
  return { json: options.json === true, configFile: resolve(configFile), stateDir };
}
