import type { Signer } from './signer.ts';

export type KeyAlgorithm = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519';

/** Algorithms of a certificate's key. CAs of the web sign no Ed25519 keys. */
export type CertificateKeyAlgorithm = Exclude<KeyAlgorithm, 'ed25519'>;

/**
 * Names a key: `software:r-5f0c…`, or `cng:Microsoft%20Platform%20Crypto%20Provider:r-5f0c…` for one in a key storage provider of Windows. Never
 * key material; safe to journal and to log.
 */
export type KeyHandle = string;

/** PKCS#12 octets and the password that opens them; lives in memory only, between custody and a certificate store. */
export interface Pfx {
  readonly octets: Uint8Array;
  readonly password: string;
}

/**
 * Where private keys live. Every call may be slow (an HSM) and is safe to repeat.
 * Errors: KEY_NOT_FOUND, KEY_ALGORITHM_UNSUPPORTED, KEY_SEAL_BROKEN, KEY_STORE_FAILED, KEY_NOT_EXPORTABLE; for keys in providers of Windows also
 * KEY_PROVIDER_UNKNOWN, KEY_PROVIDER_NOT_READY, KEY_ACCESS_DENIED, KEY_NOT_POSSESSED.
 */
export interface KeyStore {
  /** A handle is this, a colon, and the name of the key. */
  readonly provider: string;
  /** Makes the key `name`, or returns the one that an interrupted run already made under that name. Durable on return. */
  generate(name: string, algorithm: KeyAlgorithm): Promise<KeyHandle>;
  /** Opens a key for signing. */
  open(handle: KeyHandle): Promise<Signer>;
  /**
   * Makes the key usable with this certificate chain (leaf first, DER) by a web server of this host. A provider whose keys
   * cannot leave it answers `provider`: the certificate is stored with a reference to the key. `pfx` is only for software keys.
   */
  attach(handle: KeyHandle, chain: readonly Uint8Array[], friendlyName: string): Promise<KeyAttachment>;
  /** Destroys the key. Destroying an absent key is no error. */
  destroy(handle: KeyHandle): Promise<void>;
}

/** All key stores of this installation: a handle finds its key wherever that is. Errors as for KeyStore. */
export interface KeyCustody extends Omit<KeyStore, 'provider' | 'generate'> {
  /** Where new keys are made: `software`, `cng` (the software provider of Windows), or the name of a key storage provider. */
  storeFor(provider: string): KeyStore;
  /** Makes the key that this handle names, or finds that an interrupted run made it already. Durable on return. */
  generate(handle: KeyHandle, algorithm: KeyAlgorithm): Promise<void>;
}

/** What a web server needs to use a key. */
export type KeyAttachment =
  | { readonly kind: 'pfx'; readonly pfx: Pfx }
  | { readonly kind: 'provider'; readonly providerName: string; readonly keyName: string };
