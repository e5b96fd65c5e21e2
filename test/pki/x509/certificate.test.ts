import assert from 'node:assert/strict';
import { hash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { parseCertificate } from '../../../src/pki/x509/certificate.ts';
import { der, nothing, oid, sequence } from '../../../src/pki/asn1/der-writer.ts';
import { parsePemCertificates } from '../../../src/pki/asn1/pem.ts';
import { makeIntermediate, makeLeaf, makeLeafDer, makeRoot } from '../support/make-chain.ts';
import {
  attribute,
  authorityKeyId,
  dns,
  email,
  extendedKeyUsage,
  ip,
  keyUsage,
  makeCertificate,
  makeKey,
  nameConstraints,
  san,
  SERVER_AUTH,
} from '../support/make-certificate.ts';

const root = makeRoot();

function refuses(octets: Uint8Array): void {
  assert.throws(
    () => parseCertificate(octets),
    (error) => error instanceof EverbindError && error.code === 'PKI_CERTIFICATE_INVALID',
  );
}

test('every field of a server certificate', () => {
  const key = makeKey();
  const octets = makeLeafDer(root, {
    key,
    serial: [0x00, 0xfe, 0x01],
    notBefore: '260101000000',
    notAfter: '20510101000000',
    subject: sequence(
      attribute('2.5.4.6', 'DE', 0x13),
      attribute('2.5.4.10', 'Bücher, Inc'),
      attribute('2.5.4.3', 'Shop.Example'),
    ),
    extensions: [
      san(dns('Shop.Example'), dns('*.shop.example'), dns('in_ner.example'), ip('2001:db8::1'), email('a@b.example')),
    ],
  });
  const certificate = parseCertificate(octets);
  assert.equal(certificate.version, 3);
  assert.equal(certificate.serialHex, '00fe01');
  assert.equal(certificate.notBefore, Date.UTC(2026, 0, 1));
  assert.equal(certificate.notAfter, Date.UTC(2051, 0, 1));
  assert.equal(certificate.subjectText, 'CN=Shop.Example, O=Bücher\\, Inc, C=DE');
  assert.equal(certificate.subjectCommonName, 'Shop.Example');
  assert.equal(certificate.issuerCommonName, 'Root');
  assert.deepEqual(certificate.identifiers, [
    { type: 'dns', value: 'shop.example' },
    { type: 'dns', value: '*.shop.example' },
    { type: 'dns', value: 'in_ner.example' },
    { type: 'ip', value: '2001:db8::1' },
  ]);
  assert.equal(certificate.subjectAltNames?.length, 5);
  assert.deepEqual(certificate.keyUsage, new Set(['digitalSignature']));
  assert.deepEqual(certificate.extendedKeyUsage, [SERVER_AUTH]);
  assert.equal(certificate.isCa, false);
  assert.equal(certificate.authorityKeyIdentifier, Buffer.from(root.key.id).toString('hex'));
  assert.deepEqual(certificate.spkiDer, key.spki);
  assert.equal(certificate.thumbprint, hash('sha1', octets));
  assert.equal(certificate.fingerprint, hash('sha256', octets));
  assert.deepEqual(certificate.unknownCriticalExtensions, []);
});

test('an authority with constraints', () => {
  const { certificate } = makeIntermediate(root, 'CA', {
    extensions: [nameConstraints([dns('example'), ip('10.0.0.0/255.0.0.0')])],
  });
  assert.equal(certificate.isCa, true);
  assert.equal(certificate.nameConstraints?.permitted?.length, 2);
  assert.equal(certificate.nameConstraints?.excluded, null);
});

test('the built-in roots mean to us what they mean to OpenSSL', () => {
  const problems: string[] = [];
  for (const pem of rootCertificates) {
    const [octets = new Uint8Array()] = parsePemCertificates(pem);
    const ours = parseCertificate(octets);
    const theirs = new X509Certificate(octets);
    const same =
      BigInt(`0x${ours.serialHex}`) === BigInt(`0x${theirs.serialNumber}`) &&
      ours.notAfter === theirs.validToDate.getTime() &&
      ours.isCa === theirs.ca &&
      Buffer.compare(ours.spkiDer, theirs.publicKey.export({ type: 'spki', format: 'der' })) === 0;
    if (!same) problems.push(theirs.subject);
  }
  assert.deepEqual(problems, []);
});

test('certificates that break X.509', () => {
  const key = makeKey();
  const good = { key, signer: key, extensions: [keyUsage(0)] };
  parseCertificate(makeCertificate(good));
  refuses(makeCertificate({ ...good, version: 2 }));
  refuses(makeCertificate({ ...good, version: 1 }));
  refuses(makeCertificate({ ...good, version: 4 }));
  refuses(makeCertificate({ ...good, extensions: [keyUsage(0), keyUsage(0)] }));
  refuses(makeCertificate({ ...good, extensions: [] }));
  refuses(makeCertificate({ ...good, serial: [] }));
  refuses(makeCertificate({ ...good, serial: [0, 1] }));
  refuses(makeCertificate({ ...good, notBefore: '2601010000' }));
  refuses(makeCertificate({ ...good, extensions: [extendedKeyUsage()] }));
  refuses(makeCertificate({ ...good, extensions: [san()] }));
  refuses(makeCertificate({ ...good, extensions: [nameConstraints([])] }));
  refuses(
    makeCertificate({ ...good, extensions: [{ ...authorityKeyId(key), value: Uint8Array.of(0x30, 0x80, 0, 0) }] }),
  );
  refuses(makeCertificate({ ...good, outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }));
  refuses(makeCertificate({ ...good, outerAlgorithm: sequence(oid('1.2.840.10045.4.3.2'), nothing()) }));
  refuses(new Uint8Array(300 * 1024));
});

test('names in every string type', () => {
  const subject = sequence(
    attribute('2.5.4.3', 'Grüße'),
    attribute('2.5.4.11', 'Teletex', 0x14),
    der(
      0x31,
      sequence(oid('2.5.4.10'), der(0x1e, Buffer.from('4f4b', 'hex'))),
      sequence(oid('2.5.4.7'), der(0x1c, Buffer.from('0001f600', 'hex'))),
    ),
    der(0x31, sequence(oid('1.2.3'), der(0x04, Uint8Array.of(1, 2)))),
  );
  const { subjectText } = makeLeaf(root, { subject });
  assert.equal(subjectText, '1.2.3=\\#0102, O=佋+L=😀, OU=Teletex, CN=Grüße');
});

test('a certificate with any octet changed, cut or repeated is parsed or refused with a code', () => {
  const octets = makeLeafDer(root, { extensions: [san(dns('a.example'), ip('192.0.2.1'), email('x@y.example'))] });
  const change = fc.record({ at: fc.nat(octets.length - 1), to: fc.nat(255), cut: fc.option(fc.nat(octets.length)) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const copy = Uint8Array.from(octets);
      for (const { at, to } of changes) copy[at] = to;
      const end = changes[0]?.cut ?? octets.length;
      try {
        parseCertificate(copy.subarray(0, end));
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_CERTIFICATE_INVALID', String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('a changed octet is never the same certificate to us and another one to OpenSSL', () => {
  const octets = makeLeafDer(root);
  for (const [at, octet] of octets.entries()) {
    const copy = Uint8Array.from(octets);
    copy[at] = octet ^ 0x01;
    let ours;
    let theirs;
    try {
      ours = parseCertificate(copy);
      theirs = new X509Certificate(copy);
    } catch {
      continue;
    }
    assert.equal(ours.serialHex, theirs.serialNumber.toLowerCase());
    assert.equal(ours.notBefore, theirs.validFromDate.getTime());
    assert.equal(ours.notAfter, theirs.validToDate.getTime());
  }
});
