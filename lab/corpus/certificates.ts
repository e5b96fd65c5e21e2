import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EverbindError } from '../../src/errors/error.ts';
import { type Certificate, parseCertificate } from '../../src/pki/x509/certificate.ts';
import { attributeText } from '../../src/pki/x509/distinguished-name.ts';
import { formatIp, parseIp } from '../../src/pki/x509/ip-address.ts';
import type { CorpusCase } from './main.ts';

// Odd and real certificates: each is parsed or refused with a code, and means what OpenSSL reads in it.

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  for (const folder of ['zlint', 'pkilint', 'mozilla']) {
    const root = path.join(corpus, 'certs', folder);
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    for (const file of files
      .filter((entry) => entry.isFile())
      .sort((a, b) => order(a.parentPath + a.name, b.parentPath + b.name))) {
      const full = path.join(file.parentPath, file.name);
      const text = await readFile(full, 'latin1');
      const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)];
      for (const [index, block] of blocks.entries()) {
        const suffix = blocks.length > 1 ? `#${index + 1}` : '';
        yield {
          name: `${folder}/${path.relative(root, full)}${suffix}`,
          run: () => check(new Uint8Array(Buffer.from(block[1] ?? '', 'base64'))),
        };
      }
    }
  }
}

function check(der: Uint8Array): void {
  const ours = parsed(der);
  const theirs = readByOpenSsl(der);
  if (ours === null || theirs === null) return;
  // A negative number is written in two's complement here and with a minus sign there.
  if (Number.parseInt(ours.serialHex.slice(0, 2), 16) < 0x80) {
    assert.equal(stripZeros(ours.serialHex), stripZeros(theirs.serialNumber.toLowerCase()), 'serial number');
  }
  assert.equal(ours.notBefore, theirs.validFromDate.getTime(), 'notBefore');
  assert.equal(ours.notAfter, theirs.validToDate.getTime(), 'notAfter');
  // OpenSSL also wants the key usage to allow it.
  assert.equal(ours.isCa && ours.keyUsage?.has('keyCertSign') !== false, theirs.ca, 'CA');
  assert.equal(ours.fingerprint, theirs.fingerprint256.replaceAll(':', '').toLowerCase(), 'fingerprint');
  assert.deepEqual(ours.extendedKeyUsage ?? [], theirs.keyUsage ?? [], 'extended key usage');
  const { subject, issuer } = theirs.toLegacyObject() as unknown as Record<
    string,
    { CN?: string | string[] } | undefined
  >;
  assert.deepEqual(commonNames(ours.subject), [subject?.CN ?? []].flat(), 'common name');
  assert.deepEqual(commonNames(ours.issuer), [issuer?.CN ?? []].flat(), 'common name of the issuer');
  assert.deepEqual(altNames(ours), altNamesOf(theirs.subjectAltName), 'alternative names');
}

function parsed(der: Uint8Array): Certificate | null {
  try {
    return parseCertificate(der);
  } catch (error) {
    assert(error instanceof EverbindError && error.code === 'PKI_CERTIFICATE_INVALID', String(error));
    return null;
  }
}

function readByOpenSsl(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    return null;
  }
}

function stripZeros(hex: string): string {
  return hex.replace(/^0+(?=.)/, '');
}

function commonNames(name: Certificate['subject']): string[] {
  return name.flat().flatMap((attribute) => (attribute.oid === '2.5.4.3' ? [attributeText(attribute)] : []));
}

function altNames(certificate: Certificate): string[] {
  return (certificate.subjectAltNames ?? [])
    .flatMap((name) => {
      if (name.type === 'dns' && /^[\w.*-]+$/.test(name.value)) return [`DNS:${name.value}`];
      if (name.type === 'ip' && (name.octets.length === 4 || name.octets.length === 16))
        return [`IP:${formatIp(name.octets)}`];
      return [];
    })
    .sort();
}

function altNamesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(', ')
    .flatMap((entry) => {
      const dns = /^DNS:([\w.*-]+)$/.exec(entry)?.[1];
      if (dns !== undefined) return [`DNS:${dns}`];
      const address = parseIp(/^IP Address:(.*)$/.exec(entry)?.[1] ?? '');
      return address === null ? [] : [`IP:${formatIp(address)}`];
    })
    .sort();
}

function order(one: string, other: string): number {
  return one < other ? -1 : 1;
}
