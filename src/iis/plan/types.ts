import type { Identifier } from '../../pki/x509/names.ts';
import type { SslRecord, SslRecordKey } from '../../ports/windows-host.ts';
import type { Inventory } from '../config/inventory-types.ts';

export interface PlanInput {
  readonly inventory: Pick<Inventory, 'sites' | 'records' | 'ftpDefaults'>;
  readonly certificate: PlanCertificate;
  readonly policy: PlanPolicy;
}

export interface PlanCertificate {
  /** Name of the managed certificate. */
  readonly name: string;
  /** SHA-1 of the new certificate, hex. */
  readonly thumbprint: string;
  readonly previousThumbprint: string | null;
  readonly identifiers: readonly Identifier[];
  readonly store: 'WebHosting' | 'MY';
}

export interface PlanPolicy {
  /**
   * Names of sites (case does not matter) or `id:N`; null: every site, but only bindings that name a host of the
   * certificate.
   */
  readonly sites: readonly string[] | null;
  /** Whether records of these sites that hold somebody else's certificate are taken over, and missing ones created. */
  readonly adopt: boolean;
  /**
   * Thumbprints (lower case) of all certificates that Everbind installed, each with the name of its managed
   * certificate.
   */
  readonly ownThumbprints: ReadonlyMap<string, string>;
  /** Targets that held a certificate of ours and have lost it to nobody: they are restored without `adopt`. */
  readonly lost?: ReadonlySet<string>;
  /** Targets that somebody gave another certificate since the last deployment: they are not adopted. */
  readonly spared?: ReadonlySet<string>;
  /** Application ids beside that of IIS whose records may be changed. */
  readonly adoptForeignAppIds?: readonly string[];
}

/** Plain JSON. The lists are sorted, so that equal inputs give equal plans. */
export interface BindingPlan {
  readonly changes: readonly BindingChange[];
  readonly skipped: readonly PlanNote[];
  readonly findings: readonly PlanNote[];
  /** Where the certificate is served after the changes, also where nothing has to change. */
  readonly endpoints: readonly PlannedEndpoint[];
}

export interface BindingChange {
  readonly key: SslRecordKey;
  /** `http.sys record shop.example:443`. */
  readonly target: string;
  /** The rule that applies, see docs/binding-rules.md. */
  readonly rule: 'previous' | 'adopted' | 'created' | 'restored' | 'store';
  readonly reason: string;
  /** null when the record is created. */
  readonly before: SslRecord | null;
  readonly after: SslRecord;
  /** Every site behind the record, stopped ones included; empty for an orphan. */
  readonly sites: readonly string[];
}

/** Something that is skipped or worth knowing. */
export interface PlanNote {
  readonly target: string;
  readonly code: SkippedCode | FindingCode;
  readonly reason: string;
  /** See Skipped of the port. */
  readonly otherCertificate?: true;
}

export type SkippedCode =
  | 'foreign-app-id'
  | 'managed-by-other'
  | 'not-adopted'
  | 'not-declared'
  | 'no-record'
  | 'name-mismatch'
  | 'partial-fit'
  | 'shared-record'
  | 'central-store'
  | 'sni-without-host'
  | 'binding-unreadable'
  | 'ssl-flags-unreadable'
  | 'ftp-not-handled'
  | 'protocol-not-handled';

export type FindingCode =
  | 'name-without-binding'
  | 'site-not-found'
  | 'ip-record-beside-sni'
  | 'shared-name-mismatch'
  | 'catch-all-adopted'
  | 'shadowed-by-host-record'
  | 'ssl-flags-unknown';

export interface PlannedEndpoint {
  /** `*` or an IP address, as the binding has it. */
  readonly address: string;
  readonly port: number;
  /** To send as SNI; '' for none. */
  readonly host: string;
  /** Name to find in the certificate; '' where the certificate is not valid for what is served there. */
  readonly name: string;
  /** The record that serves it, in words. */
  readonly record: string;
  /** What that record holds before the changes; null when there is none. */
  readonly hashBefore: string | null;
  readonly sites: readonly string[];
  /** Why no handshake is possible: every site there is stopped, or no site uses the record. */
  readonly skip: 'site-stopped' | 'no-site' | null;
  /** A record of this very address, with another certificate, that may win over `record` here; null: there is none. */
  readonly rival: RivalRecord | null;
  /**
   * It is looked at for the rival's sake: no binding names this address, and what is served here is reported and
   * decides nothing.
   */
  readonly advisory: boolean;
}

export interface RivalRecord {
  /** In words. */
  readonly record: string;
  /** Lower case; null: the record takes its certificate from the central store. */
  readonly certificateHash: string | null;
}
