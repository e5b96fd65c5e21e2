/**
 * Signs checkpoints of the audit log (C2SP signed notes, Ed25519). Synchronous: a checkpoint belongs to the transaction
 * that it closes.
 */
export interface CheckpointSigner {
  /** Key name of the signed note, which is also the origin of the log. */
  readonly name: string;
  /** Ed25519 public key, 32 octets. */
  readonly publicKey: Uint8Array;
  /** Ed25519 signature, 64 octets. */
  sign(data: Uint8Array): Uint8Array;
}
