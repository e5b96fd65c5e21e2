import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { World } from './environment.ts';

/** Options that every command takes. */
export interface Globals {
  /** One JSON document on standard output instead of text. */
  readonly json: boolean;
  /** Absolute. */
  readonly configFile: string;
  /** Absolute. */
  readonly stateDir: string;
}

/** Adds the options that every command takes. */
export function withGlobals(command: Command): Command {
  return command
    .option('--json', 'print one JSON document instead of text')
    .option('--config <file>', 'configuration file (default: everbind.yaml in the state folder)')
    .option('--state-dir <folder>', 'state folder: database, sealed keys, audit log');
}

/** Reads them back. */
export function globalsOf(command: Command, world: World): Globals {
  const options = command.opts<{ json?: boolean; config?: string; stateDir?: string }>();
  const stateDir = resolve(options.stateDir ?? world.stateDir);
  const configFile =
    options.config ?? (options.stateDir === undefined ? world.configFile : `${stateDir}/everbind.yaml`);
  return { json: options.json === true, configFile: resolve(configFile), stateDir };
}
