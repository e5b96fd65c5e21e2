import type { HostKeyName, HostKeys } from './host-keys.ts';

/**
 * What a Windows host can do for us, without policy. Implemented by `windows/` over FFI and by `lab/sim-windows`; one
 * contract suite runs against both. Failures of a native call are WindowsError (WIN_CALL_FAILED) with the Win32 status
 * in `status`.
 */
export interface WindowsHost {
  describe(): Promise<HostDescription>;
  /** Runs appcmd.exe with these arguments, no shell. A non-zero exit is data, not an error. */
  appcmd(args: readonly string[]): Promise<AppcmdResult>;
  readonly certificates: CertificateStores;
  readonly keys: HostKeys;
  readonly sslRecords: SslRecords;
  readonly files: SiteFiles;
  readonly httpServer: HttpServer;
  /**
   * Where on this machine a client can connect to reach what listens on `address:port`; `*`, `0.0.0.0` and `::` are
   * wildcards. Empty: the machine does not have that address (see `addresses`), or nothing listens there.
   */
  endpoints(address: string, port: number): Promise<readonly Endpoint[]>;
  /**
   * The IP addresses that this machine has now, as RFC 5952 writes them, without zone, those of loopback among them.
   * That of a cluster is there only while this node holds it.
   */
  addresses(): Promise<readonly string[]>;
  /**
   * Whether the firewall of Windows lets connections from outside to a TCP port reach `receiver`. A rule for a program
   * does nothing for http.sys, and the other way round. Nothing on this machine can see it: loopback meets no firewall.
   */
  allowsInbound(port: number, receiver: InboundReceiver): Promise<InboundAccess>;
}

/** `program`: the program of this process, where it listens itself. */
export type InboundReceiver = 'http.sys' | 'program';

/** `unknown`: the rules hold for some connections or networks only, or could not be read. */
export type InboundAccess = 'allowed' | 'blocked' | 'unknown';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type RoleService = 'web' | 'ftp' | 'central-certificate-store';

export interface HostDescription {
  readonly os: string;
  readonly elevated: boolean;
  /** Major and minor version of IIS; null when IIS is not installed. */
  readonly iisVersion: string | null;
  /** Role services of IIS that are installed and not disabled. */
  readonly roleServices: readonly RoleService[];
  readonly machineName: string;
}

export interface AppcmdResult {
  /**
   * A Win32 code: 0 done, 5 access denied, 183 already exists. Which one a command ends with is documented for few
   * commands, so whoever changes something reads it back. No decision rests on text.
   */
  readonly exitCode: number;
  /** As appcmd wrote it: in the ANSI code page of the machine, whatever its XML declaration says. */
  readonly stdout: Uint8Array;
}

/** Stores of LocalMachine that we use; `MY` is shown as Personal by Windows. */
export type StoreName = 'MY' | 'WebHosting' | 'CA' | 'Root';

export interface StoredCertificate {
  readonly store: StoreName;
  /** SHA-1, 40 lower-case hex digits. */
  readonly thumbprint: string;
  readonly der: Uint8Array;
  readonly friendlyName: string | null;
  /** It refers to a private key. Whether that key still exists shows only when it is used. */
  readonly hasPrivateKey: boolean;
}

export interface CertificateStores {
  list(store: StoreName): Promise<readonly StoredCertificate[]>;
  find(store: StoreName, thumbprint: string): Promise<StoredCertificate | null>;
  /**
   * Stores a certificate with its private key (PrivateKeyInfo of RFC 5958, DER), which becomes a key of this machine in
   * its software provider on the terms of HostKeys: it cannot be exported. Replaces an equal certificate. The caller
   * overwrites `privateKey` after use. Status 0x80092002 (CRYPT_E_BAD_ENCODE) for what is no certificate, 0x80090005
   * (NTE_BAD_DATA) for what is no private key, 0x8009000d (NTE_NO_KEY) when the key is not the certificate's,
   * 0x80090029 (NTE_NOT_SUPPORTED) for a key that is no CertificateKeyAlgorithm. After a failure no part of it is left
   * behind.
   */
  importWithKey(store: StoreName, der: Uint8Array, privateKey: Uint8Array, friendlyName: string): Promise<void>;
  /** Adds a certificate without key; an equal one already there is no error. */
  add(store: StoreName, der: Uint8Array): Promise<void>;
  /**
   * Stores a certificate with a reference to its key in a provider (CERT_KEY_PROV_INFO), replacing an equal
   * certificate. Status 0x80090016 (NTE_BAD_KEYSET) when there is no such key, 0x8009000d (NTE_NO_KEY) when the key is
   * not the certificate's; nothing is stored then.
   */
  addWithKey(store: StoreName, der: Uint8Array, key: HostKeyName, friendlyName: string): Promise<void>;
  /**
   * Removes a certificate and the key that importWithKey made for it. A key that addWithKey referred to stays: whoever
   * made it removes it. Absent is no error.
   */
  remove(store: StoreName, thumbprint: string): Promise<void>;
}

/**
 * Names a record of the http.sys SSL configuration: ids 1, 5, 6 and 11 (HTTP_SERVICE_CONFIG_ID). Host names as http.sys
 * keeps them.
 */
export type SslRecordKey =
  | { readonly kind: 'ipport'; readonly address: string; readonly port: number }
  | { readonly kind: 'hostnameport'; readonly host: string; readonly port: number }
  | { readonly kind: 'ccs'; readonly port: number }
  | { readonly kind: 'scopedccs'; readonly host: string; readonly port: number };

/**
 * HTTP_SERVICE_CONFIG_SSL_PARAM. A renewal changes certificateHash (and certificateStore) and carries every other field
 * over.
 */
export interface SslRecord {
  readonly key: SslRecordKey;
  /** SHA-1, lower-case hex; null for central-store records. */
  readonly certificateHash: string | null;
  /** null means MY. */
  readonly certificateStore: string | null;
  /** GUID in braces, lower case. */
  readonly appId: string;
  readonly certCheckMode: number;
  readonly revocationFreshnessTime: number;
  readonly revocationUrlRetrievalTimeout: number;
  readonly ctlIdentifier: string | null;
  readonly ctlStoreName: string | null;
  /** DefaultFlags: bits, unknown ones included. */
  readonly flags: number;
}

export interface SslRecords {
  enumerate(): Promise<readonly SslRecord[]>;
  /** null when there is none (Win32 status 2). */
  query(key: SslRecordKey): Promise<SslRecord | null>;
  /**
   * Creates. Status 183 when the key exists, 1312 when the certificate or its key is not in the store, 87 for a bad
   * key.
   */
  set(record: SslRecord): Promise<void>;
  /**
   * Replaces atomically as far as the host can; status 2 when absent, 1312 as for set. After a failure the old record
   * stands. IIS_RECORD_HAS_EXTENDED_PARAMETERS where the host could replace it only by losing what lies beside it.
   */
  update(record: SslRecord): Promise<void>;
  /** Status 2 when absent. */
  remove(key: SslRecordKey): Promise<void>;
}

/**
 * Files below a site's root and of IIS itself; paths are Windows paths as IIS has them, environment variables included,
 * and relative ones are below IIS's own folder (inetsrv). Where `root` is
 * given, a link between it and the file is refused (5), even one that is put there meanwhile: otherwise whoever may
 * write there could have us read, write or remove files anywhere.
 */
export interface SiteFiles {
  /** null when absent. */
  read(path: string, maxBytes: number, root?: string): Promise<Uint8Array | null>;
  /** Creates parent folders and returns those that it had to create, outermost first. */
  write(path: string, octets: Uint8Array, root?: string): Promise<readonly string[]>;
  /** Absent is no error. */
  removeFile(path: string, root?: string): Promise<void>;
  /** Removes a folder if it is empty; false otherwise. */
  removeEmptyFolder(path: string, root?: string): Promise<boolean>;
}

/** The http.sys HTTP server API, as much of it as challenge responses need. */
export interface HttpServer {
  /**
   * Registers `http://+:PORT/PATH/` beside IIS on the same port; the longest prefix wins, `+` outranks IIS site
   * bindings. `respond` returns the body for a path (null: 404). Status 183 when taken, 32 when a foreign process owns
   * the port, 5 when not elevated. The registration ends with the returned function or with the process.
   */
  serve(
    prefix: string,
    respond: (request: { host: string; path: string }) => string | null,
  ): Promise<() => Promise<void>>;
}
