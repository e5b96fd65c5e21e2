import type { Signer } from './signer.ts';

export type KeyAlgorithm = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519';

/** Algorithms of a certificate's key. CAs of the web sign no Ed25519 keys. */
export type CertificateKeyAlgorithm = Exclude<KeyAlgorithm, 'ed25519'>;

/**
 * Names a key: `software:r-5f0c…`, or `cng:Microsoft%20Platform%20Crypto%20Provider:r-5f0c…` for one in a key storage
 * provider of Windows. Never key material; safe to journal and to log.
 */
export type KeyHandle = string;

/**
 * Where private keys live. Every call may be slow (an HSM) and is safe to repeat. Errors: KEY_NOT_FOUND,
 * KEY_ALGORITHM_UNSUPPORTED, KEY_SEAL_BROKEN, KEY_STORE_FAILED, KEY_NOT_POSSESSED, KEY_NOT_EXPORTABLE; for keys in
 * providers of Windows also KEY_PROVIDER_UNKNOWN, KEY_PROVIDER_NOT_READY, KEY_ACCESS_DENIED.
 */
export interface KeyStore {
  /** A handle is this, a colon, and the name of the key. */
  readonly provider: string;
  /**
   * Makes the key `name`, or returns the one that an interrupted run already made under that name. Durable on return.
   * KEY_NOT_POSSESSED when the store can make such a key and a web server could not use it.
   */
  generate(name: string, algorithm: KeyAlgorithm): Promise<KeyHandle>;
  /** Opens a key for signing. */
  open(handle: KeyHandle): Promise<Signer>;
  /**
   * What a web server of this host needs to use the key with this chain (leaf first, DER). KEY_NOT_POSSESSED when the
   * leaf is for another key.
   */
  attach(handle: KeyHandle, chain: readonly Uint8Array[]): Promise<KeyAttachment>;
  /** Destroys the key. Destroying an absent key is no error. */
  destroy(handle: KeyHandle): Promise<void>;
}

/** All key stores of this installation: a handle finds its key wherever that is. Errors as for KeyStore. */
export interface KeyCustody extends Omit<KeyStore, 'provider' | 'generate'> {
  /**
   * Where new keys are made: `software`, `cng` (the software provider of Windows), or the name of a key storage
   * provider.
   */
  storeFor(provider: string): KeyStore;
  /** Makes the key that this handle names, or finds that an interrupted run made it already. Durable on return. */
  generate(handle: KeyHandle, algorithm: KeyAlgorithm): Promise<void>;
}

/** What a web server needs to use a key. */
export type KeyAttachment =
  /** The key itself, PrivateKeyInfo (RFC 5958) in DER: in memory only, and the caller overwrites it after use. */
  | { readonly kind: 'pkcs8'; readonly privateKey: Uint8Array }
  /** The key stays where it is: the certificate is stored with a reference to it. */
  | { readonly kind: 'provider'; readonly providerName: string; readonly keyName: string };
