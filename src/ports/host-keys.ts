import type { CertificateKeyAlgorithm } from './key-store.ts';
import type { SignatureAlgorithm } from './signer.ts';

/**
 * How a key of this machine signs: as certificate requests and messages want it, or with `PS256` (RFC 7518 section 3.5)
 * as TLS 1.3 wants it of RSA keys: PSS, SHA-256, a salt of 32 octets.
 */
export type HostSignature = SignatureAlgorithm | 'PS256';

/** Names a key of this machine. Names of providers that differ in case alone are the same provider. */
export interface HostKeyName {
  /** As registered, for example `Microsoft Software Key Storage Provider`. */
  readonly provider: string;
  /** 1 to 127 characters of `A-Z a-z 0-9 . _ -`. Names that differ in case alone may be the same key. */
  readonly name: string;
}

/**
 * Keys that key storage providers (CNG) make and keep for this machine: machine scope, export policy none, for signing
 * only, opened by SYSTEM and Administrators alone. No call returns a private key. Failures are WindowsError with the
 * provider's status, see NCryptOpenStorageProvider, NCryptCreatePersistedKey and NCryptSignHash of Microsoft's CNG
 * reference. A provider that is not registered fails every call that names it, with a status that Windows versions do
 * not agree on: `providers` tells whether it is.
 */
export interface HostKeys {
  /**
   * Names of the registered providers (NCryptEnumStorageProviders), as registered. One that is registered may have no
   * device.
   */
  providers(): Promise<readonly string[]>;
  /**
   * Makes a key, durable on return. Status 0x8009000f (NTE_EXISTS) when the name is taken, in which case nothing
   * changes; 0x80090029 (NTE_NOT_SUPPORTED) when the provider has no such algorithm; 0x80090030 (NTE_DEVICE_NOT_READY)
   * when its device is not there.
   */
  create(key: HostKeyName, algorithm: CertificateKeyAlgorithm): Promise<void>;
  /** SubjectPublicKeyInfo, DER; null when the provider has no such key. */
  publicKey(key: HostKeyName): Promise<Uint8Array | null>;
  /**
   * Hashes `data` as the algorithm says and signs: r||s (IEEE P1363) for ES256 and ES384, PKCS#1 v1.5 for RS256. Status
   * 0x80090016 (NTE_BAD_KEYSET) from NCryptOpenKey when there is no such key; any failure when the algorithm is not the
   * key's. A TPM may refuse PS256, or return a signature that does not verify.
   */
  sign(key: HostKeyName, algorithm: HostSignature, data: Uint8Array): Promise<Uint8Array>;
  /** Destroys the key for good. Absent is no error. */
  remove(key: HostKeyName): Promise<void>;
}
