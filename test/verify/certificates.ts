import { createPrivateKey, hash, randomBytes, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

// Certificates of any shape: hierarchies, expired, weak. The lab's own CA (lab/test-ca.ts) makes sound leaves only.

// The published type of CryptoEngine lacks members of the interface that the methods ask for; at run time it is what
// they expect.
const engine = new pkijs.CryptoEngine({ name: 'test', crypto: webcrypto }) as unknown as pkijs.ICryptoEngine;
const DAY_MS = 24 * 3600 * 1000;

export interface MadeCertificate {
  readonly commonName: string;
  readonly der: Uint8Array;
  readonly pem: string;
  readonly thumbprint: string;
  readonly privateKeyPem: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

interface CertificateRequest {
  readonly commonName: string;
  readonly issuer?: MadeCertificate;
  readonly names?: readonly string[];
  readonly isCa?: boolean;
  readonly from?: number;
  readonly until?: number;
  /** Where its issuer can be fetched (RFC 5280 section 4.2.2.1). */
  readonly caIssuers?: string;
}

/** Signed by `issuer`, or by itself. Valid from yesterday for 30 days unless told otherwise (days from now). */
export async function makeCertificate(
  request: CertificateRequest & {
    readonly weakKey?: boolean;
    /** Those of another certificate, to cross-sign it; new ones otherwise. */
    readonly keys?: webcrypto.CryptoKeyPair;
  },
): Promise<MadeCertificate> {
  const keys = request.keys ?? (await generate(request.weakKey === true));
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const der = await build(request, spki, (request.issuer?.keys ?? keys).privateKey);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    commonName: request.commonName,
    der,
    pem: `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
    thumbprint: hash('sha1', der, 'hex'),
    privateKeyPem: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
      type: 'pkcs8',
      format: 'pem',
    }),
    keys,
  };
}

/** A certificate (DER) of `issuer` for a key that is elsewhere; `spki` is its SubjectPublicKeyInfo, DER. */
export function certifyKey(
  request: CertificateRequest & { readonly issuer: MadeCertificate },
  spki: Uint8Array,
): Promise<Uint8Array> {
  return build(request, spki, request.issuer.keys.privateKey);
}

function generate(weak: boolean): Promise<webcrypto.CryptoKeyPair> {
  return weak
    ? webcrypto.subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
        true,
        ['sign', 'verify'],
      )
    : webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

async function build(
  request: CertificateRequest,
  spki: Uint8Array,
  signingKey: webcrypto.CryptoKey,
): Promise<Uint8Array> {
  const { commonName, issuer, caIssuers } = request;
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ valueHex: Uint8Array.from([0x40, ...randomBytes(15)]).buffer });
  for (const [name, value] of [
    [certificate.subject, commonName],
    [certificate.issuer, issuer?.commonName ?? commonName],
  ] as const) {
    name.typesAndValues.push(
      new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value }) }),
    );
  }
  certificate.notBefore.value = new Date(Date.now() + (request.from ?? -1) * DAY_MS);
  certificate.notAfter.value = new Date(Date.now() + (request.until ?? 30) * DAY_MS);
  const altNames = (request.names ?? []).map((value) => new pkijs.GeneralName({ type: 2, value }));
  certificate.extensions = [
    extension('2.5.29.19', true, new pkijs.BasicConstraints({ cA: request.isCa === true }).toSchema()),
    ...(altNames.length === 0
      ? []
      : [extension('2.5.29.17', false, new pkijs.GeneralNames({ names: altNames }).toSchema())]),
    ...(caIssuers === undefined ? [] : [extension('1.3.6.1.5.5.7.1.1', false, infoAccess(caIssuers))]),
  ];
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(new Uint8Array(spki));
  await certificate.sign(signingKey, 'SHA-256', engine);
  return new Uint8Array(certificate.toSchema(true).toBER(false));
}

function infoAccess(url: string): asn1js.Sequence {
  const accessLocation = new pkijs.GeneralName({ type: 6, value: url });
  const description = new pkijs.AccessDescription({ accessMethod: '1.3.6.1.5.5.7.48.2', accessLocation });
  return new pkijs.InfoAccess({ accessDescriptions: [description] }).toSchema();
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

/** Root, two intermediates and a leaf for `names`. */
export async function makeHierarchy(names: readonly string[]): Promise<{
  readonly root: MadeCertificate;
  readonly upper: MadeCertificate;
  readonly lower: MadeCertificate;
  readonly leaf: MadeCertificate;
}> {
  const root = await makeCertificate({ commonName: 'root', isCa: true });
  const upper = await makeCertificate({ commonName: 'upper', issuer: root, isCa: true });
  const lower = await makeCertificate({ commonName: 'lower', issuer: upper, isCa: true });
  const leaf = await makeCertificate({ commonName: names[0] ?? 'leaf', issuer: lower, names });
  return { root, upper, lower, leaf };
}

/** What a CA has while its new root is not known everywhere yet (RFC 4158 section 2.4.2). */
export interface CrossSigned {
  readonly oldRoot: MadeCertificate;
  /** Self-signed. */
  readonly newRoot: MadeCertificate;
  /** The same name and key, signed by the old root. */
  readonly cross: MadeCertificate;
  /** Signed by the new root's key. */
  readonly issuing: MadeCertificate;
}

export async function makeCrossSigned(): Promise<CrossSigned> {
  const oldRoot = await makeCertificate({ commonName: 'Old Root', isCa: true, until: 400 });
  const newRoot = await makeCertificate({ commonName: 'New Root', isCa: true, until: 400 });
  const { commonName, keys } = newRoot;
  const cross = await makeCertificate({ commonName, keys, issuer: oldRoot, isCa: true, until: 400 });
  const issuing = await makeCertificate({ commonName: 'Issuing', issuer: newRoot, isCa: true, until: 400 });
  return { oldRoot, newRoot, cross, issuing };
}
