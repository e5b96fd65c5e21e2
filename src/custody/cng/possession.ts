import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import type { KeyHandle } from '../../ports/key-store.ts';
import type { Signer } from '../../ports/signer.ts';

/**
 * Has the provider sign a random value and checks that with the certificate's public key (SubjectPublicKeyInfo, DER; null where there is no
 * certificate). Throws KEY_NOT_POSSESSED: a certificate stored with such a key would break every handshake.
 */
export async function provePossession(signer: Signer, handle: KeyHandle, spki: Uint8Array | null): Promise<void> {
  if (spki === null || Buffer.compare(spki, signer.publicKey) !== 0) {
    throw notPossessed(handle, 'it is not the key of the certificate');
  }
  const challenge = randomBytes(32);
  const signature = await signer.sign(challenge);
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const hash = signer.algorithm === 'ES384' ? 'sha384' : 'sha256';
  if (!verify(hash, challenge, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw notPossessed(handle, 'what its provider signs does not verify');
  }
}

function notPossessed(handle: KeyHandle, reason: string): EverbindError {
  return new EverbindError('KEY_NOT_POSSESSED', `the key ${handle} cannot be used: ${reason}`, { handle, reason });
}
