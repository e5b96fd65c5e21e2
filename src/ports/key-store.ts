import type { Signer } from './signer.ts';

export type KeyAlgorithm = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519';

/** Algorithms of a certificate's key. CAs of the web sign no Ed25519 keys. */
export type CertificateKeyAlgorithm = Exclude<KeyAlgorithm, 'ed25519'>;

/** Names a key: `provider:name`, for example `software:r-5f0c…`. Never key material; safe to journal and to log. */
export type KeyHandle = string;

/** PKCS#12 octets and the password that opens them; lives in memory only, between custody and a certificate store. */
export interface Pfx {
  readonly octets: Uint8Array;
  readonly password: string;
}

/**
 * Where private keys live. Every call may be slow (an HSM) and is safe to repeat.
 * Errors: KEY_NOT_FOUND, KEY_ALGORITHM_UNSUPPORTED, KEY_SEAL_BROKEN, KEY_STORE_FAILED, KEY_NOT_EXPORTABLE.
 */
export interface KeyStore {
  /** The part of a handle before the colon. */
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

export type KeyAttachment =
  | { readonly kind: 'pfx'; readonly pfx: Pfx }
  | { readonly kind: 'provider'; readonly providerName: string; readonly keyName: string };
