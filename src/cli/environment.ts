import type { AgentPaths, Environment } from '../agent/environment.ts';
import type { Io } from './io.ts';

/** The environment of a command. The paths apply when the command line names none. */
export interface CliEnvironment extends Environment, AgentPaths {
  readonly io: Io;
}

/** Sets the exit status of a command that ends without an error but not with success. */
export type SetStatus = (status: number) => void;
