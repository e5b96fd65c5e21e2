import { createPrivateKey, randomBytes } from 'node:crypto';
import { buildPfx } from '../src/pki/pkcs12.ts';
import type { Pfx } from '../src/ports/key-store.ts';

/** A lab certificate as PKCS#12 under a random password. */
export async function makePfx(
  { der, privateKeyPem }: { readonly der: Uint8Array; readonly privateKeyPem: string },
  above: readonly Uint8Array[],
  friendlyName: string,
): Promise<Pfx> {
  const password = randomBytes(16).toString('hex');
  const privateKeyPkcs8 = createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'der' });
  const octets = await buildPfx({
    privateKeyPkcs8,
    chain: [der, ...above],
    password,
    friendlyName,
    iterations: 2048,
  });
  return { octets, password };
}
