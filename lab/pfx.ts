import { createPrivateKey, createPublicKey, hash, randomBytes, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { EverbindError } from '../src/errors/error.ts';
import { parseCertificate } from '../src/pki/x509/certificate.ts';
import { type LabCertificate, pkcs8Of } from './test-ca.ts';

/** PKCS#12 octets and the password that opens them. */
export interface Pfx {
  readonly octets: Uint8Array;
  readonly password: string;
}

/** A lab certificate as PKCS#12 under a random password. */
export async function makePfx(
  certificate: Pick<LabCertificate, 'der' | 'privateKeyPem'>,
  friendlyName: string,
): Promise<Pfx> {
  const password = randomBytes(16).toString('hex');
  const octets = await buildPfx({
    privateKeyPkcs8: pkcs8Of(certificate),
    chain: [certificate.der],
    password,
    friendlyName,
    iterations: 2048,
  });
  return { octets, password };
}

export interface PfxRequest {
  /** PrivateKeyInfo, DER. Not kept. */
  readonly privateKeyPkcs8: Uint8Array;
  /** Leaf first, DER. */
  readonly chain: readonly Uint8Array[];
  readonly password: string;
  /** What Windows shows for the certificate. */
  readonly friendlyName: string;
  /** PBKDF2 iterations for a password that people can guess; a random one needs few. */
  readonly iterations?: number;
}

const DEFAULT_ITERATIONS = 100_000;

/**
 * Key and chain as PKCS#12 (RFC 7292): PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256, MAC with SHA-256, the key tied
 * to the leaf by a local key identifier. Salts come from the crypto library. Throws PKI_PFX_FAILED.
 */
export async function buildPfx(request: PfxRequest): Promise<Uint8Array> {
  try {
    return await build(request);
  } catch (error) {
    throw new EverbindError(
      'PKI_PFX_FAILED',
      'Key and chain could not be put into a PKCS#12 container',
      {},
      { cause: error },
    );
  }
}

const OID = {
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
} as const;

async function build({
  privateKeyPkcs8,
  chain,
  password,
  friendlyName,
  iterations = DEFAULT_ITERATIONS,
}: PfxRequest): Promise<Uint8Array> {
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('no certificate');
  const privateKey = createPrivateKey({ key: Buffer.from(privateKeyPkcs8), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  if (Buffer.compare(parseCertificate(leaf).spkiDer, publicKey) !== 0)
    throw new Error('the key is not that of the certificate');
  // The published type of CryptoEngine lacks members of the interface that the methods ask for; at run time it is what
  // they expect.
  const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto }) as unknown as pkijs.ICryptoEngine;
  const encryption = {
    password: exactBuffer(Buffer.from(password, 'utf8')),
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: iterations,
  };
  const keyId = new pkijs.Attribute({
    type: OID.localKeyId,
    values: [new asn1js.OctetString({ valueHex: exactBuffer(hash('sha1', leaf, 'buffer')) })],
  });
  const label = new pkijs.Attribute({
    type: OID.friendlyName,
    values: [new asn1js.BmpString({ value: friendlyName })],
  });

  const keyBag = new pkijs.PKCS8ShroudedKeyBag({
    parsedValue: pkijs.PrivateKeyInfo.fromBER(exactBuffer(privateKeyPkcs8)),
  });
  await keyBag.makeInternalValues({ ...encryption }, engine);
  const certBags = chain.map(
    (der, index) =>
      new pkijs.SafeBag({
        bagId: OID.certBag,
        // The octets as they are: decoded and encoded again they might not be those that were signed.
        bagValue: new pkijs.CertBag({
          certId: OID.x509Certificate,
          certValue: new asn1js.OctetString({ valueHex: exactBuffer(der) }),
        }),
        ...(index === 0 ? { bagAttributes: [keyId, label] } : {}),
      }),
  );
  const authenticatedSafe = new pkijs.AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        { privacyMode: 1, value: new pkijs.SafeContents({ safeBags: certBags }) },
        {
          privacyMode: 0,
          value: new pkijs.SafeContents({
            safeBags: [
              new pkijs.SafeBag({ bagId: OID.shroudedKeyBag, bagValue: keyBag, bagAttributes: [keyId, label] }),
            ],
          }),
        },
      ],
    },
  });
  await authenticatedSafe.makeInternalValues({ safeContents: [{ ...encryption }, {}] }, engine);
  const pfx = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await pfx.makeInternalValues(
    {
      password: encryption.password,
      iterations,
      pbkdf2HashAlgorithm: 'SHA-256',
      hmacHashAlgorithm: 'SHA-256',
    },
    engine,
  );
  return new Uint8Array(pfx.toSchema().toBER(false));
}

/** The library works on whole ArrayBuffers; a view into a larger one would drag its neighbours along. */
function exactBuffer(octets: Uint8Array): ArrayBuffer {
  return new Uint8Array(octets).buffer;
}
