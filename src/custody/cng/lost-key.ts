import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import { isSoftwareProvider } from './handle.ts';

/** The name of a key that exists while a device is asked whether it is there. */
const CHECK_KEY = 'everbind-device-check';

/** What every device makes, one or the other; the faster one first. */
const ALGORITHMS: readonly CertificateKeyAlgorithm[] = ['ec-p256', 'rsa-2048'];

const inTurn = createKeyedMutex();

/**
 * Whether a key that its provider does not find is gone for good. A device that is away hides its keys with the same
 * status, 0x80090016, so it has to show that it is there: it makes a key, does not find the other one, and still has
 * the one that it made. The software provider is always there. False when that cannot be shown.
 */
export async function isLost(keys: HostKeys, key: HostKeyName): Promise<boolean> {
  if (isSoftwareProvider(key.provider)) return true;
  try {
    // The check key of a run that was killed must not pass for one that was made now.
    return await inTurn(key.provider.toLowerCase(), async () => {
      const check = { provider: key.provider, name: CHECK_KEY };
      await keys.remove(check);
      if (!(await makes(keys, check))) return false;
      const found = await keys.publicKey(key);
      // A device that went away meanwhile hides both.
      const isStillThere = (await keys.publicKey(check)) !== null;
      await keys.remove(check);
      return found === null && isStillThere;
    });
  } catch (error) {
    if (error instanceof WindowsError) return false;
    throw error;
  }
}

async function makes(keys: HostKeys, check: HostKeyName): Promise<boolean> {
  for (const algorithm of ALGORITHMS) {
    const made = await keys.create(check, algorithm).then(
      () => true,
      (error: unknown) => {
        if (error instanceof WindowsError) return false;
        throw error;
      },
    );
    if (made) return true;
  }
  return false;
}
