import type { SslRecord, StoredCertificate } from '../../ports/windows-host.ts';
import type { BindingInformation } from './binding-information.ts';

/** The sites and bindings of the server at one moment, in IIS terms. */
export interface Inventory {
  readonly sites: readonly SiteInventory[];
  /** FTP certificate of siteDefaults: FTP sites without one of their own have it. */
  readonly ftpDefaults: FtpCertificate | null;
  readonly records: readonly SslRecord[];
  /** Of the stores MY and WebHosting. */
  readonly certificates: readonly StoredCertificate[];
  /** Oddities of the configuration that stop nothing. */
  readonly problems: readonly InventoryProblem[];
}

/** `Unknown`: starting, stopping, not served by the web service, or read from a file. */
export type SiteState = 'Started' | 'Stopped' | 'Unknown';

export interface SiteInventory {
  /** '' when the configuration gives none. */
  readonly name: string;
  /** null when the configuration has none, or has no number. */
  readonly id: number | null;
  readonly state: SiteState;
  /** Whether it starts with the service; true unless switched off. */
  readonly serverAutoStart: boolean;
  readonly bindings: readonly SiteBinding[];
  /** Folder of the virtual directory `/` of the application `/`, as IIS has it: environment variables unexpanded. */
  readonly rootPath: string | null;
  /** The site's own setting, not that of siteDefaults. */
  readonly ftp: FtpCertificate | null;
}

export interface SiteBinding {
  /** In lower case. */
  readonly protocol: string;
  /** bindingInformation as written. */
  readonly text: string;
  readonly information: BindingInformation;
  /** Bits, see ssl-flags.ts; null when unreadable. */
  readonly sslFlags: number | null;
  /** Comes from siteDefaults. */
  readonly inherited: boolean;
}

export interface FtpCertificate {
  /** SHA-1, lower-case hex. */
  readonly certificateHash: string;
  readonly certificateStore: string;
}

export interface InventoryProblem {
  /** What it is about, in the operator's words. */
  readonly target: string;
  /** Stable word, see docs/binding-rules.md. */
  readonly code:
    | 'site-id-invalid'
    | 'site-id-duplicate'
    | 'site-name-missing'
    | 'binding-unreadable'
    | 'ssl-flags-unreadable'
    | 'sites-elsewhere'
    | 'not-a-server-configuration'
    | 'configuration-unreadable'
    | 'site-not-listed'
    | 'site-not-configured';
  readonly reason: string;
}

/** A site in the operator's words: `Shop`, or `site 7` when it has no name. */
export function siteText(site: Pick<SiteInventory, 'name' | 'id'>): string {
  return site.name === '' ? `site ${site.id ?? '?'}` : site.name;
}
