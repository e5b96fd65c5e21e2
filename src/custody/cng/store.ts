import { EverbindError, WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import type { CertificateKeyAlgorithm, KeyAlgorithm, KeyHandle, KeyStore } from '../../ports/key-store.ts';
import type { Signer } from '../../ports/signer.ts';
import { publicKeyAlgorithm, signatureOf } from '../key-algorithm.ts';
import { absentKey, type Asked, keyFailure, NTE } from './cng-failure.ts';
import { handlePrefix, hostKeyName, keyHandle, SOFTWARE_KSP } from './handle.ts';
import { assertCertificateOf, assertSigns } from '../possession.ts';

export interface CngKeyStoreOptions {
  /** Called when the first key is used: most runs need none. */
  readonly hostKeys: () => Promise<HostKeys>;
  /** Where new keys are made; keys of every provider can be used. */
  readonly provider?: string;
}

/** Keys that Windows makes and keeps. This process has only their names, public keys and signatures. */
export function createCngKeyStore({ hostKeys, provider = SOFTWARE_KSP }: CngKeyStoreOptions): KeyStore {
  /** Calls a provider and turns its failure into an error of ours. */
  async function ask<T>(
    handle: KeyHandle,
    algorithm: Asked['algorithm'],
    call: (keys: HostKeys, key: HostKeyName) => Promise<T>,
  ): Promise<T> {
    const key = hostKeyName(handle);
    const keys = await hostKeys();
    try {
      return await call(keys, key);
    } catch (error) {
      throw await keyFailure(keys, { handle, key, algorithm }, error);
    }
  }

  async function open(handle: KeyHandle): Promise<Signer> {
    const publicKey = await ask(handle, null, (keys, key) => keys.publicKey(key));
    if (publicKey === null) throw await absentKey(await hostKeys(), { handle, key: hostKeyName(handle) });
    const algorithm = publicKeyAlgorithm(publicKey);
    if (algorithm === null) {
      throw new EverbindError('KEY_STORE_FAILED', `the key ${handle} is of no kind that certificates have`, { handle });
    }
    const { name } = signatureOf(algorithm);
    return {
      algorithm: name,
      publicKey,
      sign: (data) => ask(handle, null, (keys, key) => keys.sign(key, name, data)),
    };
  }

  /**
   * An RSA key of a TPM may sign certificate requests, and fail in every handshake of TLS 1.3. Throws
   * KEY_NOT_POSSESSED.
   */
  async function assertSignsPss(handle: KeyHandle, { algorithm, publicKey }: Signer): Promise<void> {
    if (algorithm !== 'RS256') return;
    await assertSigns(handle, {
      algorithm: 'PS256',
      publicKey,
      sign: (data) => ask(handle, 'PS256', (keys, key) => keys.sign(key, 'PS256', data)),
    });
  }

  return {
    provider: handlePrefix(provider),

    async generate(name, algorithm) {
      const handle = keyHandle(provider, name);
      if (!isCertificateKey(algorithm)) {
        throw new EverbindError('KEY_ALGORITHM_UNSUPPORTED', `${provider} makes no ${algorithm} keys`, {
          provider,
          algorithm,
        });
      }
      const made = await ask(handle, algorithm, async (keys, key) => {
        const before = await keys.publicKey(key);
        if (before !== null) return before;
        await createUnlessThere(keys, key, algorithm);
        return keys.publicKey(key);
      });
      const kept = made === null ? null : publicKeyAlgorithm(made);
      if (kept === algorithm) {
        if (algorithm.startsWith('rsa-')) await assertSignsPss(handle, await open(handle));
        return handle;
      }
      if (made === null) {
        throw new EverbindError('KEY_STORE_FAILED', `${provider} made the key ${handle} and does not have it`, {
          handle,
          provider,
        });
      }
      throw new EverbindError('KEY_ALGORITHM_UNSUPPORTED', `the key ${handle} exists with another algorithm`, {
        handle,
        algorithm,
        kept,
      });
    },

    open,

    async attach(handle, chain) {
      const { provider: providerName, name: keyName } = hostKeyName(handle);
      const signer = await open(handle);
      await assertCertificateOf(handle, signer.publicKey, chain);
      await assertSigns(handle, signer);
      await assertSignsPss(handle, signer);
      return { kind: 'provider', providerName, keyName };
    },

    destroy: (handle) =>
      ask(handle, null, async (keys, key) => {
        // A key whose public half cannot be had can be removed all the same.
        const publicKey = await keys.publicKey(key).catch(() => undefined);
        if (publicKey !== null) return keys.remove(key);
        // A device that is away hides its keys. What it hides is not destroyed.
        const failure = await absentKey(keys, { handle, key });
        if (failure.code !== 'KEY_NOT_FOUND') throw failure;
      }),
  };
}

/** An interrupted run, or another process, may have been faster: then its key is used. */
async function createUnlessThere(keys: HostKeys, key: HostKeyName, algorithm: CertificateKeyAlgorithm): Promise<void> {
  try {
    await keys.create(key, algorithm);
  } catch (error) {
    if (!(error instanceof WindowsError) || error.status !== NTE.exists) throw error;
  }
}

function isCertificateKey(algorithm: KeyAlgorithm): algorithm is CertificateKeyAlgorithm {
  return algorithm !== 'ed25519';
}
