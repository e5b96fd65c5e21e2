import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { Io } from './io.ts';

/** What a command runs in. The product's world is this machine; the lab's has a double of a Windows host. */
export interface World {
  readonly io: Io;
  readonly clock: Clock;
  readonly random: Random;
  /** State folder and configuration file when the command line names none. */
  readonly stateDir: string;
  readonly configFile: string;
  /** Makes a folder for administrators alone, or checks that it is so. Throws STORE_EXPOSED. Absent where the modes of files do that. */
  readonly ensurePrivateFolder?: (path: string) => Promise<void>;
  /** Connects to the web server's host. Throws WIN_NOT_WINDOWS where there is none. */
  openHost(): Promise<OpenHost>;
  /** Resolvers (`address` or `address:port`) of DNS-01; the system's when absent. */
  readonly dnsServers?: readonly string[];
  /** Port of authoritative DNS servers; 53 when absent. */
  readonly dnsPort?: number;
  /** Port at which CAs connect for http-01, as `everbind check` does; 80 when absent. */
  readonly publicHttpPort?: number;
  /** Aborted when the person or the service manager asks the program to stop. */
  readonly signal: AbortSignal;
}

export interface OpenHost {
  readonly host: WindowsHost;
  close(): void | Promise<void>;
}

/** Sets the exit status of a command that does not end with an error but not with success either. */
export type SetStatus = (status: number) => void;
