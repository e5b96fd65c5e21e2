import type { MacAlgorithm } from '../acme/jose/external-account.ts';
import type { Identifier } from '../pki/x509/names.ts';
import type { CertificateKeyAlgorithm, KeyAlgorithm } from '../ports/key-store.ts';
import type { Limit, LimitKind } from '../ports/limits.ts';
import type { MaintenanceConfig } from '../ports/maintenance.ts';

/** A checked everbind.yaml: defaults applied, names canonical, paths absolute. Plain JSON: the database keeps it. */
export interface Config {
  readonly version: 1;
  /** Absolute path of the file. */
  readonly file: string;
  /** See configFingerprint. */
  readonly fingerprint: string;
  readonly engine: EngineConfig;
  readonly issuers: readonly IssuerConfig[];
  readonly certificates: readonly CertificateConfig[];
  readonly warnings: readonly ConfigWarning[];
}

export interface EngineConfig {
  /** How many certificates are renewed at the same time. */
  readonly concurrency: number;
}

/** Names a sealed value, `secret:NAME`; never the value. */
export type SecretReference = `secret:${string}`;

export interface IssuerConfig {
  readonly name: string;
  /** ACME directory; https, or http to loopback when allowInsecureLoopback. */
  readonly directory: string;
  /** ACME directory of the CA's staging environment, where retries are tried first; null: they are not. */
  readonly staging: string | null;
  /** mailto: URLs. */
  readonly contacts: readonly string[];
  readonly termsOfServiceAgreed: boolean;
  readonly accountKey: KeyAlgorithm;
  /** Age at which the account's key is replaced; 0: never. */
  readonly accountKeyRolloverDays: number;
  /** RFC 8555 section 7.3.4. */
  readonly externalAccountBinding: ExternalAccountBindingConfig | null;
  /** Certificate profile to ask for; null leaves the choice to the CA. */
  readonly profile: string | null;
  /** Common name of the issuer that one of the offered chains should end below; null takes the CA's default chain. */
  readonly preferredIssuer: string | null;
  /** How many names a certificate of this CA can have; null: as far as Everbind knows the CA. */
  readonly maxNames: number | null;
  /** Rate limits of the CA; null: those that Everbind knows of it. */
  readonly limits: LimitsConfig | null;
  /** PEM files, absolute: extra roots for the TLS connection to the CA. */
  readonly trustRoots: readonly string[];
  /** PEM files, absolute: extra roots that issued certificates may end in. */
  readonly certificateRoots: readonly string[];
  readonly allowInsecureLoopback: boolean;
}

/** What the file says about the rate limits of a CA. */
export interface LimitsConfig extends Readonly<Partial<Record<LimitKind, Limit | undefined>>> {
  /** Whether the limits that Everbind knows of the CA hold where the file names none. */
  readonly known: boolean;
  /** See Limits. */
  readonly exemptRenewals?: boolean | undefined;
}

export interface ExternalAccountBindingConfig {
  readonly keyId: string;
  readonly hmacKey: SecretReference;
  readonly algorithm: MacAlgorithm;
}

export interface CertificateKeyConfig {
  readonly algorithm: CertificateKeyAlgorithm;
  /** `software`, `cng` (the software provider of Windows), or the name of a key storage provider of Windows. */
  readonly provider: string;
  /** The next certificate keeps the key of the last one. */
  readonly reuse: boolean;
}

export interface CertificateConfig {
  readonly name: string;
  /** Canonical, without duplicates, in the order of the file. */
  readonly identifiers: readonly Identifier[];
  readonly key: CertificateKeyConfig;
  /** Names of issuers, the first choice first; never empty. */
  readonly issuers: readonly string[];
  /** The first match wins (challengeFor); every identifier has a match. */
  readonly challenges: readonly ChallengeRule[];
  readonly deployments: readonly DeploymentConfig[];
  /** How many old certificates are kept for rollback. */
  readonly keepOld: number;
  /** Maintenance windows; null: it is renewed at any time. */
  readonly maintenance: MaintenanceConfig | null;
}

export interface ChallengeRule {
  /** Canonical patterns: `*` (any name), `*.example.com` (any name below it), a name, an IP address. */
  readonly patterns: readonly string[];
  readonly challenge: ChallengeConfig;
  /** With `type: auto`: the challenges that come after it, in this order. Absent when there is only one. */
  readonly otherwise?: readonly ChallengeConfig[];
}

export type ChallengeConfig =
  | HttpChallengeConfig
  | TlsAlpnChallengeConfig
  | DnsChallengeConfig
  | DnsPersistChallengeConfig;

export type DnsChallengeConfig = DnsExecChallengeConfig | DnsHostChallengeConfig;

export interface HttpChallengeConfig {
  readonly type: 'http-01';
  readonly mode: 'auto' | 'webroot' | 'http.sys' | 'listener';
  /** Windows path of the folder served as the site's root; null takes the one that IIS has. */
  readonly path: string | null;
  /** Port of this machine that receives what the CA sends to port 80. */
  readonly port: number;
}

export interface TlsAlpnChallengeConfig {
  readonly type: 'tls-alpn-01';
  /** Port of this machine that receives what the CA sends to port 443. */
  readonly port: number;
}

export interface DnsPersistChallengeConfig {
  readonly type: 'dns-persist-01';
  /** As in PropagationConfig. */
  readonly publicResolvers: readonly string[];
}

export interface DnsExecChallengeConfig {
  readonly type: 'dns-01' | 'dns-account-01';
  readonly provider: 'exec';
  /** Program (absolute path) and its arguments; never empty, no shell. */
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
  readonly propagation: PropagationConfig;
}

export interface DnsHostChallengeConfig {
  readonly type: 'dns-01' | 'dns-account-01';
  /** Name of a ProviderDefinition. */
  readonly provider: string;
  /** By the setting names of the definition; values may be references `secret:NAME`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Plain http to this machine. */
  readonly allowInsecureLoopback: boolean;
  readonly propagation: PropagationConfig;
}

/** How Everbind makes sure that a TXT record is visible. */
export interface PropagationConfig {
  readonly timeoutSeconds: number;
  /** Addresses, `address` or `address:port`, asked when all servers of the zone have the record. */
  readonly publicResolvers: readonly string[];
}

/** A place where the certificate is deployed: what its type (src/deploy/catalogue.ts) makes of its settings. */
export interface DeploymentConfig {
  readonly type: string;
}

/** A warning: odd, but nothing stops because of it. */
export interface ConfigWarning {
  /** Stable word for programs. */
  readonly code:
    | 'name-in-two-certificates'
    | 'name-covered-by-wildcard'
    | 'name-not-public'
    | 'too-many-names'
    | 'issuer-unused'
    | 'program-missing';
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** `certificates[3].names[0]`. */
  readonly path: string;
  readonly message: string;
}
