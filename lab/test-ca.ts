import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

// A certificate authority for the lab: the listener certificates of Pebble and the expiring certificates that the demo
// starts from.

const subtle = webcrypto.subtle;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
// The published type of CryptoEngine lacks members of the interface that the methods ask for; at run time it is what
// they expect.
const engine = new pkijs.CryptoEngine({
  name: 'lab',
  crypto: webcrypto,
}) as unknown as pkijs.ICryptoEngine;

export interface LabCertificate {
  /** Leaf only, DER. */
  readonly der: Uint8Array;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface CertificateRequest {
  /** DNS names (A-labels, wildcards allowed) and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LabCa {
  readonly certificatePem: string;
  readonly der: Uint8Array;
  issue(request: CertificateRequest): Promise<LabCertificate>;
  /** A certificate (DER) for a key that is elsewhere; `publicKey` is its SubjectPublicKeyInfo, DER. */
  certify(request: CertificateRequest, publicKey: Uint8Array): Promise<Uint8Array>;
}

/** The private key of a certificate as PrivateKeyInfo (PKCS#8), DER. */
export function pkcs8Of({ privateKeyPem }: Pick<LabCertificate, 'privateKeyPem'>): Buffer {
  return createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'der' });
}

/** A new self-signed P-256 authority, valid for ten years around now. */
export async function createLabCa(commonName: string): Promise<LabCa> {
  const keys = await generate();
  const year = 365 * 24 * 3600 * 1000;
  const root = await build({
    subject: commonName,
    issuer: commonName,
    publicKey: await spkiOf(keys.publicKey),
    signingKey: keys.privateKey,
    notBefore: new Date(Date.now() - year),
    notAfter: new Date(Date.now() + 9 * year),
    extensions: [basicConstraints(true), keyUsage(0x06, 1)],
  });
  const certify = ({ names, notBefore, notAfter }: CertificateRequest, publicKey: Uint8Array): Promise<Uint8Array> =>
    build({
      subject: names[0] ?? 'nameless',
      issuer: commonName,
      publicKey,
      signingKey: keys.privateKey,
      notBefore,
      notAfter,
      extensions: [basicConstraints(false), keyUsage(0x80, 7), serverAuth(), subjectAltName(names)],
    });
  return {
    certificatePem: pem('CERTIFICATE', root),
    der: root,
    certify,
    issue: async (request) => {
      const leaf = await generate();
      const der = await certify(request, await spkiOf(leaf.publicKey));
      const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', leaf.privateKey));
      const privateKeyPem = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
        type: 'pkcs8',
        format: 'pem',
      });
      return { der, certificatePem: pem('CERTIFICATE', der), privateKeyPem };
    },
  };
}

function generate(): Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> {
  return subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function spkiOf(key: CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await subtle.exportKey('spki', key));
}

interface BuildRequest {
  readonly subject: string;
  readonly issuer: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly signingKey: CryptoKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly pkijs.Extension[];
}

async function build(request: BuildRequest): Promise<Uint8Array> {
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  certificate.serialNumber = new asn1js.Integer({ valueHex: new Uint8Array(serial).buffer });
  for (const [name, value] of [
    [certificate.issuer, request.issuer],
    [certificate.subject, request.subject],
  ] as const) {
    name.typesAndValues.push(
      new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value }) }),
    );
  }
  certificate.notBefore.value = request.notBefore;
  certificate.notAfter.value = request.notAfter;
  certificate.extensions = [...request.extensions];
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(new Uint8Array(request.publicKey));
  await certificate.sign(request.signingKey, 'SHA-256', engine);
  return new Uint8Array(certificate.toSchema(true).toBER(false));
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

function basicConstraints(cA: boolean): pkijs.Extension {
  return extension('2.5.29.19', true, new pkijs.BasicConstraints({ cA }).toSchema());
}

function keyUsage(bits: number, unusedBits: number): pkijs.Extension {
  return extension('2.5.29.15', true, new asn1js.BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits }));
}

function serverAuth(): pkijs.Extension {
  return extension('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes: ['1.3.6.1.5.5.7.3.1'] }).toSchema());
}

function subjectAltName(names: readonly string[]): pkijs.Extension {
  const altNames = names.map((name) =>
    isIP(name) === 0
      ? new pkijs.GeneralName({ type: 2, value: name })
      : new pkijs.GeneralName({
          type: 7,
          value: new asn1js.OctetString({ valueHex: new Uint8Array(ipOctets(name)).buffer }),
        }),
  );
  return extension('2.5.29.17', false, new pkijs.GeneralNames({ names: altNames }).toSchema());
}

function ipOctets(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  const [head = '', tail] = address.split('::');
  const parse = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

function pem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}
