import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { EverbindError } from '../errors/error.ts';
import type { KeyHandle } from '../ports/key-store.ts';
import type { Signer } from '../ports/signer.ts';

/**
 * The certificate that the chain begins with (DER) must be for this public key (SubjectPublicKeyInfo, DER). Throws
 * KEY_NOT_POSSESSED: a certificate stored with another key would break every handshake.
 */
export async function assertCertificateOf(
  handle: KeyHandle,
  publicKey: Uint8Array,
  [leaf]: readonly Uint8Array[],
): Promise<void> {
  // The parser takes a while to load and is needed once for each certificate.
  const { parseCertificate } = await import('../pki/x509/certificate.ts');
  if (leaf === undefined || Buffer.compare(parseCertificate(leaf).spkiDer, publicKey) !== 0) {
    throw notPossessed(handle, 'it is not the key of the certificate');
  }
}

/** Has the key sign a random value, and checks that with its public key. Throws KEY_NOT_POSSESSED. */
export async function assertSigns(handle: KeyHandle, signer: Signer): Promise<void> {
  const challenge = randomBytes(32);
  const signature = await signer.sign(challenge);
  const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
  const hash = signer.algorithm === 'ES384' ? 'sha384' : 'sha256';
  if (!verify(hash, challenge, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw notPossessed(handle, 'what its provider signs does not verify');
  }
}

function notPossessed(handle: KeyHandle, reason: string): EverbindError {
  return new EverbindError('KEY_NOT_POSSESSED', `the key ${handle} cannot be used: ${reason}`, { handle, reason });
}
