/** Length of a master key in octets. */
export const MASTER_KEY_OCTETS = 32;

/**
 * Protects the one key that seals all others: a file, DPAPI, a TPM, a key management system. Calls may be slow and are
 * safe to repeat. Errors: KEY_MASTER_EXPOSED, KEY_MASTER_INVALID, KEY_STORE_FAILED.
 */
export interface MasterKeyProtector {
  /** Where it is, for people. */
  readonly description: string;
  /** The master key, in memory that the caller overwrites after use; null when none was made yet. */
  unseal(): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Makes one, durable on return. When another process was faster, its master key is returned. */
  create(): Promise<Uint8Array<ArrayBuffer>>;
}
