import type { AgentPaths, Environment } from '../agent/environment.ts';
import type { Io } from './io.ts';

/** What a command runs in. The paths are those of a command line that names none. */
export interface CliEnvironment extends Environment, AgentPaths {
  readonly io: Io;
}

/** Sets the exit status of a command that does not end with an error but not with success either. */
export type SetStatus = (status: number) => void;
