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

/** Signed by `issuer`, or by itself. Valid from yesterday for 30 days unless told otherwise (days from now). */
export async function makeCertificate(request: {
  readonly commonName: string;
  readonly issuer?: MadeCertificate;
  readonly names?: readonly string[];
  readonly isCa?: boolean;
  readonly from?: number;
  readonly until?: number;
  readonly weakKey?: boolean;
}): Promise<MadeCertificate> {
  const { commonName, issuer } = request;
  const keys: webcrypto.CryptoKeyPair = await (request.weakKey === true
    ? webcrypto.subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
        true,
        ['sign', 'verify'],
      )
    : webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']));
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
  ];
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey, engine);
  await certificate.sign((issuer?.keys ?? keys).privateKey, 'SHA-256', engine);
  const der = new Uint8Array(certificate.toSchema(true).toBER(false));
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    commonName,
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
