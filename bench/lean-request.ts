import { type KeyObject, sign } from 'node:crypto';

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A PKCS#10 request (DER) for one DNS name and a P-256 key, put together without any check. */
export function leanRequest({ privateKey, publicKey }: KeyPair, name: string): Buffer {
  const altNames = der(0x30, der(0x82, Buffer.from(name)));
  const extensions = der(0x30, der(0x30, SUBJECT_ALT_NAME, der(0x04, altNames)));
  const attributes = der(0xa0, der(0x30, EXTENSION_REQUEST, der(0x31, extensions)));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const info = der(0x30, Buffer.from([2, 1, 0, 0x30, 0]), spki, attributes);
  return der(0x30, info, ECDSA_SHA256, der(0x03, Buffer.from([0]), sign('sha256', info, privateKey)));
}

const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const EXTENSION_REQUEST = Buffer.from('06092a864886f70d01090e', 'hex');
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), ...content]);
}
