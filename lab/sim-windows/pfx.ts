import { createPrivateKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import * as pkijs from 'pkijs';
import { WindowsError } from '../../src/errors/error.ts';

// The published type of CryptoEngine lacks members of the interface that the methods ask for; at run time it is what
// they expect.
const engine = new pkijs.CryptoEngine({ name: 'sim-windows', crypto: webcrypto }) as unknown as pkijs.ICryptoEngine;

const INVALID_PASSWORD = 86;
const BAD_ENCODE = 0x80092002;
const BAD_ALGORITHM = 0x80090008;

const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';

export interface OpenedPfx {
  readonly leaf: X509Certificate;
  readonly key: KeyObject;
}

/**
 * Opens PKCS#12: node:tls (OpenSSL) is the judge of container, password and that key and certificate belong together;
 * the key is then taken out so that it can be served with a chain of the stores' own. Throws WindowsError 86 for a
 * wrong password, 0x80092002 for what is no PKCS#12, 0x80090008 for encryption other than PBES2.
 */
export async function openPfx(octets: Uint8Array, password: string): Promise<OpenedPfx> {
  let container: pkijs.PFX;
  try {
    container = pkijs.PFX.fromBER(new Uint8Array(octets));
  } catch {
    throw new WindowsError('PFXImportCertStore', BAD_ENCODE);
  }
  let leaf: X509Certificate;
  try {
    leaf = leafOf(octets, password);
  } catch {
    throw new WindowsError('PFXImportCertStore', INVALID_PASSWORD);
  }
  try {
    return { leaf, key: await keyOf(container, new Uint8Array(new TextEncoder().encode(password)).buffer) };
  } catch {
    throw new WindowsError('PFXImportCertStore', BAD_ALGORITHM);
  }
}

function leafOf(octets: Uint8Array, password: string): X509Certificate {
  const secureContext = createSecureContext({ pfx: Buffer.from(octets), passphrase: password });
  const nowhere = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const socket = new TLSSocket(nowhere, { isServer: true, secureContext });
  try {
    const certificate = socket.getCertificate();
    if (certificate === null || !('raw' in certificate)) throw new Error('no certificate');
    return new X509Certificate((certificate as { raw: Buffer }).raw);
  } finally {
    socket.destroy();
  }
}

async function keyOf(container: pkijs.PFX, password: ArrayBuffer): Promise<KeyObject> {
  await container.parseInternalValues({ password, checkIntegrity: false }, engine);
  const safe = container.parsedValue?.authenticatedSafe;
  if (safe === undefined) throw new Error('no safe');
  await safe.parseInternalValues(
    { safeContents: safe.safeContents.map((content) => (content.contentType === ENCRYPTED_DATA ? { password } : {})) },
    engine,
  );
  const contents = (safe.parsedValue as { safeContents: { value: pkijs.SafeContents }[] }).safeContents;
  for (const bag of contents.flatMap(({ value }) => value.safeBags)) {
    if (bag.bagId === KEY_BAG) return privateKey(bag.bagValue as pkijs.PrivateKeyInfo);
    if (bag.bagId === SHROUDED_KEY_BAG) {
      const shrouded = bag.bagValue as unknown as {
        parseInternalValues(parameters: { password: ArrayBuffer }, crypto: pkijs.ICryptoEngine): Promise<void>;
        parsedValue: pkijs.PrivateKeyInfo;
      };
      await shrouded.parseInternalValues({ password }, engine);
      return privateKey(shrouded.parsedValue);
    }
  }
  throw new Error('no key');
}

function privateKey(info: pkijs.PrivateKeyInfo): KeyObject {
  return createPrivateKey({ key: Buffer.from(info.toSchema().toBER(false)), format: 'der', type: 'pkcs8' });
}
