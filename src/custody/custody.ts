import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import type { Clock } from '../ports/clock.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { Store } from '../store/store.ts';
import { openCheckpointSigner } from './audit-key.ts';
import type { MasterKeyProtector } from './master-key.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { createSoftwareKeyStore } from './software.ts';
import { createVault } from './vault.ts';

/** Everything that is sealed under one master key. Nothing is read before it is needed. */
export interface Custody {
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  /** The signer of the audit log, for Store.signWith. */
  checkpointSigner(): Promise<CheckpointSigner>;
}

export interface CustodyOptions {
  readonly store: Store;
  readonly masterKey: MasterKeyProtector;
  readonly clock: Clock;
}

export function openCustody({ store, masterKey, clock }: CustodyOptions): Custody {
  const vault = createVault({ store, protector: masterKey, clock });
  const keys = createSoftwareKeyStore({ store, vault, clock });
  let signer: Promise<CheckpointSigner> | null = null;
  const checkpointSigner = (): Promise<CheckpointSigner> => {
    signer ??= openCheckpointSigner(store, keys).catch((error: unknown) => {
      signer = null;
      throw error;
    });
    return signer;
  };
  const prepareAudit = async (): Promise<void> => store.signWith(await checkpointSigner());
  return { keys, secrets: createSecrets({ store, vault, clock, prepareAudit }), checkpointSigner };
}
