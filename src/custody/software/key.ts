import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { createSemaphore } from '../../concurrency/semaphore.ts';
import type { KeyAlgorithm } from '../../ports/key-store.ts';
import type { Signer } from '../../ports/signer.ts';
import { algorithmOf, signatureOf } from '../key-algorithm.ts';

const generateAsync = promisify(generateKeyPair);
const signAsync = promisify(sign);

/**
 * How many RSA keys are made at a time. They are made on the threads that also sync the disk (four by default): when
 * many renewals begin at once, every commit would otherwise wait for seconds behind their keys.
 */
const rsaSlots = createSemaphore(2);

/**
 * A new private key. An RSA key takes about a second and is made off the main thread, in the order of the calls; to
 * make any other key takes less time than a thread would cost.
 */
export async function generatePrivateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'ec-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ec-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'rsa-2048':
      return generateRsa(2048);
    case 'rsa-3072':
      return generateRsa(3072);
    case 'rsa-4096':
      return generateRsa(4096);
  }
}

async function generateRsa(modulusLength: number): Promise<KeyObject> {
  return rsaSlots.run(async () => (await generateAsync('rsa', { modulusLength })).privateKey);
}

/** PKCS#8 DER; the caller overwrites it after use. */
export function exportPrivateKey(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

/** The inverse; null when the octets are no private key of this algorithm. */
export function importPrivateKey(pkcs8: Buffer, algorithm: KeyAlgorithm): KeyObject | null {
  try {
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    return algorithmOf(key) === algorithm ? key : null;
  } catch {
    // OpenSSL's message about the octets helps nobody, and they are a secret.
    return null;
  }
}

/** A signer over a key in memory. RSA and P-384, which take a millisecond or more, sign off the main thread. */
export function softwareSigner(key: KeyObject, algorithm: KeyAlgorithm): Signer {
  const { name, hash } = signatureOf(algorithm);
  const slow = name === 'RS256' || name === 'ES384';
  const parameters = { key, dsaEncoding: 'ieee-p1363' } as const;
  return {
    algorithm: name,
    publicKey: publicKeyOf(key),
    inMemory: true,
    sign: slow ? (data) => signAsync(hash, data, parameters) : async (data) => sign(hash, data, parameters),
  };
}

/** SubjectPublicKeyInfo, DER. */
function publicKeyOf(key: KeyObject): Uint8Array {
  const publicKey = createPublicKey(key);
  const head = EC_HEADS[key.asymmetricKeyDetails?.namedCurve ?? ''];
  // To export the point alone takes a tenth of the time, once for each certificate.
  return head === undefined
    ? publicKey.export({ type: 'spki', format: 'der' })
    : Buffer.concat([head, publicKey.export({ format: 'raw-public', type: 'uncompressed' })]);
}

/** The octets before the uncompressed point of a SubjectPublicKeyInfo (RFC 5480 section 2). */
const EC_HEADS: Readonly<Record<string, Buffer>> = {
  prime256v1: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
  secp384r1: Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex'),
};
