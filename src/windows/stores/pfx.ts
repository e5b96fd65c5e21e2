import { createPrivateKey, createPublicKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import type { OctetString } from 'asn1js';
import type { CertBag, ICryptoEngine, PrivateKeyInfo, SafeBag, SafeContents } from 'pkijs';
import { WindowsError } from '../../errors/error.ts';
import { STATUS } from '../status.ts';

const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';

/** PKCS#12 (RFC 7292) from elsewhere is a few kilobytes. */
const MAX_OCTETS = 1 << 20;

/** What a PKCS#12 container holds for a web server. */
export interface OpenedPfx {
  /** The certificate of the key, DER. */
  readonly leaf: Uint8Array;
  readonly privateKey: KeyObject;
}

/**
 * Opens PKCS#12 in this process, and not by PFXImportCertStore: that one makes a key under a name of its own choice, which an interrupted import
 * leaves behind. Throws WindowsError with the statuses of PFXImportCertStore: 86 for a wrong password, 0x80092002 for what is no PKCS#12 or holds
 * no certificate with its key.
 */
export async function openPfx(octets: Uint8Array, password: string): Promise<OpenedPfx> {
  const bags = await readBags(octets, password);
  const keys = bags.flatMap((bag) => (bag.kind === 'key' ? [bag.key] : []));
  const certificates = bags.flatMap((bag) => (bag.kind === 'certificate' ? [bag.der] : []));
  for (const privateKey of keys) {
    const publicKey = createPublicKey(privateKey);
    const leaf = certificates.find((der) => new X509Certificate(der).publicKey.equals(publicKey));
    if (leaf !== undefined) return { leaf, privateKey };
  }
  throw unreadable();
}

type Bag =
  | { readonly kind: 'key'; readonly key: KeyObject }
  | { readonly kind: 'certificate'; readonly der: Uint8Array };

async function readBags(octets: Uint8Array, password: string): Promise<readonly Bag[]> {
  if (octets.length > MAX_OCTETS) throw unreadable();
  // Loaded here: a tenth of a second that no other command needs.
  const pkijs = await import('pkijs');
  // The published type of CryptoEngine lacks members of the interface that the methods ask for; at run time it is what they expect.
  const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto }) as unknown as ICryptoEngine;
  const secret = new Uint8Array(new TextEncoder().encode(password)).buffer;
  const container = attempt(() => pkijs.PFX.fromBER(new Uint8Array(octets)));
  try {
    await container.parseInternalValues({ password: secret, checkIntegrity: true }, engine);
  } catch {
    // The container is whole, so that its seal was made with another password.
    throw new WindowsError('PFXImportCertStore', STATUS.INVALID_PASSWORD);
  }
  try {
    const safe = container.parsedValue?.authenticatedSafe;
    if (safe === undefined) throw unreadable();
    await safe.parseInternalValues(
      {
        safeContents: safe.safeContents.map(({ contentType }) =>
          contentType === ENCRYPTED_DATA ? { password: secret } : {},
        ),
      },
      engine,
    );
    const contents = (safe.parsedValue as { safeContents: { value: SafeContents }[] }).safeContents;
    const bags = contents.flatMap(({ value }) => value.safeBags);
    return (await Promise.all(bags.map((bag) => readBag(bag, secret, engine)))).filter((bag) => bag !== null);
  } catch {
    throw unreadable();
  }
}

async function readBag(bag: SafeBag, password: ArrayBuffer, engine: ICryptoEngine): Promise<Bag | null> {
  switch (bag.bagId) {
    case KEY_BAG:
      return { kind: 'key', key: keyObject(bag.bagValue as PrivateKeyInfo) };
    case SHROUDED_KEY_BAG: {
      const shrouded = bag.bagValue as unknown as {
        parseInternalValues(parameters: { password: ArrayBuffer }, crypto: ICryptoEngine): Promise<void>;
        parsedValue: PrivateKeyInfo;
      };
      await shrouded.parseInternalValues({ password }, engine);
      return { kind: 'key', key: keyObject(shrouded.parsedValue) };
    }
    case CERTIFICATE_BAG: {
      // The octets as they are, not written again from what was parsed: the thumbprint is over them.
      const { certValue } = bag.bagValue as CertBag & { certValue: OctetString };
      return { kind: 'certificate', der: new Uint8Array(certValue.getValue()) };
    }
    default:
      return null;
  }
}

function keyObject(info: PrivateKeyInfo): KeyObject {
  return createPrivateKey({ key: Buffer.from(info.toSchema().toBER(false)), format: 'der', type: 'pkcs8' });
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw unreadable();
  }
}

function unreadable(): WindowsError {
  return new WindowsError('PFXImportCertStore', STATUS.CRYPT_E_BAD_ENCODE);
}
