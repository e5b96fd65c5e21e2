import type { SslRecord, StoreName, WindowsHost } from '../../src/ports/windows-host.ts';
import type { AppcmdRefuses } from './appcmd/change.ts';
import type { AnsiCodePage } from './appcmd/code-page.ts';
import type { ChoiceOrder } from './serving/certificate-choice.ts';
import type { ActiveFault, Faults } from './faults.ts';
import type { SimFirewall } from './serving/firewall.ts';
import type { CentralStore } from './identities.ts';
import type { OtherNode } from './serving/other-nodes.ts';
import type { KeyDevices, KeyProviderOptions } from './key-providers.ts';
import type { PortRow } from './serving/port-table.ts';
import type { Registration } from './serving/routing.ts';
import type { TlsBehaviour } from './serving/tls-front.ts';
import type { UrlReservation } from './serving/url-registrations.ts';

export interface SimWindowsOptions {
  /** The file as it is on disk; any real one. */
  readonly applicationHostConfig: Uint8Array;
  /** The folder in which `C:\inetpub` is `C/inetpub`; made when absent, and the sites' root folders in it. */
  readonly rootFolder: string;
  /** Unix-domain socket for other processes. */
  readonly socketPath?: string;
  /** The number that stands for port 80 on every loopback address; by default a free one. */
  readonly httpPort?: number;
  /** Ports keep their own numbers where those are free (port 80 keeps to `httpPort`). */
  readonly keepPorts?: boolean;
  readonly choiceOrder?: ChoiceOrder;
  /** false: changes are refused with 5, as without administrator's rights. */
  readonly elevated?: boolean;
  /** Ports (as configured) that a process without http.sys listens on: registrations there fail with 32. */
  readonly foreignPorts?: readonly number[];
  /** What connections from outside meet; WITH_IIS by default. */
  readonly firewall?: SimFirewall;
  /** URL prefixes that are reserved for other accounts. */
  readonly reservations?: readonly UrlReservation[];
  /** For so many milliseconds after its end a URL registration is still in the way (183); 0 by default. */
  readonly registrationsLingerMs?: number;
  readonly centralStore?: CentralStore;
  /**
   * Certificates (DER) that Windows can fetch when it builds a path, by the URL in a certificate's authority
   * information access. None by default: many servers cannot reach the internet.
   */
  readonly aia?: ReadonlyMap<string, Uint8Array>;
  /** In which appcmd writes; 1252 by default. */
  readonly ansiCodePage?: AnsiCodePage;
  /** From the end of an appcmd that adds, changes or starts a site to its effect. Default: START_DELAY_MS. */
  readonly startDelayMs?: number;
  /** IIS leaves every site that is added later Stopped, as it does with one that it cannot start. */
  readonly newSitesStayStopped?: boolean;
  /** Forms of commands that its appcmd does not take. */
  readonly appcmdRefuses?: readonly AppcmdRefuses[];
  readonly tls?: TlsBehaviour;
  /** Addresses of bindings that this machine does not have; by default it has all of them. */
  readonly otherNodes?: readonly OtherNode[];
  /** false: the machine has no IPv6, not even `::1`. */
  readonly ipv6?: boolean;
  readonly keyProviders?: KeyProviderOptions;
}

/** The state that a test may look at. No keys. */
export interface SimSnapshot {
  readonly sites: readonly { readonly name: string; readonly state: string; readonly conflict: string | null }[];
  readonly records: readonly SslRecord[];
  readonly certificates: readonly {
    readonly store: StoreName;
    readonly thumbprint: string;
    readonly hasPrivateKey: boolean;
  }[];
  /** `provider/name`, names in lower case. */
  readonly keys: readonly string[];
  readonly registrations: readonly string[];
  readonly faults: readonly ActiveFault[];
  /** How often ASP.NET would have restarted an application because a folder below its root went away. */
  readonly applicationRestarts: number;
}

/** A running double of a Windows host with IIS. */
export interface SimWindows {
  readonly host: WindowsHost;
  readonly faults: Faults;
  readonly keyDevices: KeyDevices;
  /** The number that stands for port 80 on every loopback address. */
  readonly httpPort: number;
  readonly socketPath: string | null;
  /** Every binding and where it was moved. */
  ports(): Promise<readonly PortRow[]>;
  snapshot(): Promise<SimSnapshot>;
  /** `host.httpServer.serve` for responses that take time, because another process makes them. */
  serveAsync(prefix: string, answer: Registration['answer']): Promise<() => Promise<void>>;
  /** Opens `at` on 127.0.0.1 as `port` of this host seen from outside, through its firewall, where a CA is. */
  openToOutside(port: number, at: number): Promise<number>;
  stop(): Promise<void>;
}
