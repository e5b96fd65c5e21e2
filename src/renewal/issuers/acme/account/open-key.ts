import { EverbindError } from '../../../../errors/error.ts';
import type { KeyAlgorithm, KeyCustody, KeyHandle } from '../../../../ports/key-store.ts';
import type { Signer } from '../../../../ports/signer.ts';

/** The key of this handle; null when it was never made. */
export async function openIfMade(keys: KeyCustody, handle: KeyHandle): Promise<Signer | null> {
  try {
    return await keys.open(handle);
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'KEY_NOT_FOUND') return null;
    throw error;
  }
}

/** The key of this handle, made now where it is not there yet. One that is there has the algorithm that was wanted when it was made. */
export async function openOrMake(keys: KeyCustody, handle: KeyHandle, algorithm: KeyAlgorithm): Promise<Signer> {
  const made = await openIfMade(keys, handle);
  if (made !== null) return made;
  await keys.generate(handle, algorithm);
  return keys.open(handle);
}
