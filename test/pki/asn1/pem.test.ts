import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { parsePemCertificates, parsePemChain, parsePemRoots, toPem } from '../../../src/pki/asn1/pem.ts';

const one = toPem('CERTIFICATE', Uint8Array.of(1, 2, 3));

function refuses(text: string, read: (text: string) => unknown = parsePemCertificates): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof EverbindError && error.code === 'PKI_PEM_INVALID',
  );
}

test('certificates survive the way to PEM and back', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 5 }), (list) => {
      const text = list.map((der) => toPem('CERTIFICATE', der)).join('\n');
      assert.deepEqual(parsePemCertificates(text), list);
      assert.deepEqual(parsePemCertificates(text.replaceAll('\n', '\r\n')), list);
    }),
  );
});

test('comments are let through in a file of roots only', () => {
  const text = `# Root\n${one}\nAnother\n=======\n${one}`;
  assert.equal(parsePemRoots(text).length, 2);
  refuses(text);
});

test("text between the blocks of a CA's chain is passed over (certbot/certbot#6321), within its bounds", () => {
  const text = `subject=CN = shop.test\nissuer=CN = Some CA\n${one}subject=\u0000\u00ff\n${one}`;
  assert.equal(parsePemChain(text).length, 2);
  for (const broken of [
    '',
    'text',
    one + toPem('PRIVATE KEY', Uint8Array.of(1)),
    one.repeat(17),
    `${one}-----BEGIN `,
  ]) {
    refuses(broken, parsePemChain);
  }
  refuses(one + ' '.repeat(1024 * 1024), parsePemChain);
});

test('broken texts', () => {
  refuses('');
  refuses('<html></html>');
  refuses(one.replace('-----END CERTIFICATE-----', ''));
  refuses(`${one}x`);
  refuses(toPem('PRIVATE KEY', Uint8Array.of(1)));
  refuses(one + toPem('PRIVATE KEY', Uint8Array.of(1)));
  refuses(one + toPem('PRIVATE KEY', Uint8Array.of(1)), parsePemRoots);
  refuses(one.replace('AQID', 'AQI'));
  refuses(one.replace('AQID', 'AQ*D'));
  refuses(one.replace('AQID', 'AQ==AQID'));
  // The last bits of the padding must be zero.
  refuses(one.replace('AQID', 'AQIDAR=='));
  refuses(one.replace('AQID', ''));
  refuses(one.replace('AQID', `AQID${one}`));
});

test('limits', () => {
  const limits = { maxCharacters: 10_000, maxCertificates: 3 };
  assert.equal(parsePemCertificates(one.repeat(3), limits).length, 3);
  refuses(one.repeat(4), (text) => parsePemCertificates(text, limits));
  refuses(' '.repeat(10_001), (text) => parsePemCertificates(text, limits));
});
