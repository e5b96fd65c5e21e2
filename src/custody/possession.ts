import { constants, createPublicKey, randomBytes, verify } from 'node:crypto';
import { EverbindError } from '../errors/error.ts';
import type { KeyHandle } from '../ports/key-store.ts';
import type { HostSignature } from '../ports/host-keys.ts';
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

/** How a key signs where its possession is shown. */
export interface Possessed extends Pick<Signer, 'publicKey' | 'sign'> {
  readonly algorithm: HostSignature;
}

/** Has the key sign a random value, and checks that with its public key. Throws KEY_NOT_POSSESSED. */
export async function assertSigns(handle: KeyHandle, signer: Possessed): Promise<void> {
  const challenge = randomBytes(32);
  const signature = await signer.sign(challenge);
  const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
  const hash = signer.algorithm === 'ES384' ? 'sha384' : 'sha256';
  const how = signer.algorithm === 'PS256' ? PSS : ({ dsaEncoding: 'ieee-p1363' } as const);
  if (verify(hash, challenge, { key, ...how }, signature)) return;
  // TPMs are known that return zeros, or another salt than they were asked for.
  if (signer.algorithm === 'PS256') throw withoutPss(handle);
  throw notPossessed(handle, 'what its provider signs does not verify');
}

/** As in TLS 1.3 (RFC 8446 section 4.2.3). */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

/** An RSA key whose provider does not sign with RSA-PSS: a handshake of TLS 1.3 would fail. */
export function withoutPss(handle: KeyHandle, cause?: unknown): EverbindError {
  const reason = 'its provider does not sign with RSA-PSS as TLS 1.3 needs it; use ec-p256 with this provider';
  return notPossessed(handle, reason, cause);
}

function notPossessed(handle: KeyHandle, reason: string, cause?: unknown): EverbindError {
  const message = `the key ${handle} cannot be used: ${reason}`;
  return new EverbindError('KEY_NOT_POSSESSED', message, { handle, reason }, { cause });
}
