import type { IssuerConfig } from '../config/types.ts';
import type { DeploymentCatalogue } from '../deploy/catalogue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { Transport } from '../ports/transport.ts';
import type { WindowsHost } from '../ports/windows-host.ts';

/** What the agent runs in. The product's environment is this machine; the lab's has a double of a Windows host. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Makes a folder for administrators alone, or checks that it is so. Throws STORE_EXPOSED. Absent where the modes of
   * files do that.
   */
  readonly ensurePrivateFolder?: (path: string) => Promise<void>;
  /** Connects to the web server's host. Throws WIN_NOT_WINDOWS where there is none. */
  openHost(): Promise<OpenHost>;
  /** Resolvers (`address` or `address:port`) of DNS-01; the system's when absent. */
  readonly dnsServers?: readonly string[];
  /** Port of authoritative DNS servers; 53 when absent. */
  readonly dnsPort?: number;
  /** Port at which CAs connect for http-01, as `everbind check` does; 80 when absent. */
  readonly publicHttpPort?: number;
  /** The connection to a CA; over the network when absent. */
  readonly transportTo?: (issuer: IssuerConfig) => Transport;
  /** Deployment types; those that the program has when absent. */
  readonly deploymentCatalogue?: DeploymentCatalogue;
  /** Aborted when the person or the service manager asks the program to stop. */
  readonly signal: AbortSignal;
}

export interface OpenHost {
  readonly host: WindowsHost;
  close(): void | Promise<void>;
}

/** Where the agent's files are; absolute paths. */
export interface AgentPaths {
  readonly configFile: string;
  readonly stateDir: string;
}
