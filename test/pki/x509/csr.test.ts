import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { mustRun, runCommand } from '../../../lab/run-command.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { buildCsr, parseCsr, verifyCsr } from '../../../src/pki/x509/csr.ts';
import { type Identifier, parseIdentifier } from '../../../src/pki/x509/names.ts';
import type { SignatureAlgorithm, Signer } from '../../../src/ports/signer.ts';

const HASHES = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', EdDSA: null } as const;
const identifiers: readonly Identifier[] = ['shop.example', '*.bücher.example', '192.0.2.7', '2001:db8::1'].map(
  parseIdentifier,
);
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'everbind-csr-'));
});
after(() => rm(folder, { recursive: true }));

function keyPair(kind: SignatureAlgorithm | 'P-521' | 'rsa-1024'): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'P-521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' });
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'rsa-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}

function signer(algorithm: SignatureAlgorithm, { publicKey, privateKey } = keyPair(algorithm)): Signer {
  return {
    algorithm,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    sign: async (data) => sign(HASHES[algorithm], data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

async function refuses(code: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => error instanceof EverbindError && error.code === code);
}

for (const algorithm of ['ES256', 'ES384', 'RS256', 'EdDSA'] as const) {
  test(`OpenSSL verifies a request signed with ${algorithm} and reads the names in it`, async () => {
    const csr = await buildCsr({ identifiers, signer: signer(algorithm), mustStaple: true });
    const file = path.join(folder, `${algorithm}.csr`);
    await writeFile(file, csr);
    const shown = await runCommand('openssl', ['req', '-inform', 'DER', '-in', file, '-verify', '-noout', '-text']);
    assert.match(shown.stderr + shown.stdout, /verify OK/);
    assert.match(shown.stdout, /Subject: *\n/);
    assert.match(
      shown.stdout,
      /DNS:shop\.example, DNS:\*\.xn--bcher-kva\.example, IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:1/,
    );
    assert.match(shown.stdout, /status_request/);
  });
}

test('a request is read back as it was built', async () => {
  const own = signer('ES256');
  const csr = parseCsr(await buildCsr({ identifiers: [...identifiers, ...identifiers], signer: own }));
  assert.deepEqual(csr.identifiers, identifiers);
  assert.equal(csr.mustStaple, false);
  assert.equal(csr.subjectText, '');
  assert.deepEqual(Buffer.from(csr.spkiDer), own.publicKey);
  assert.equal(verifyCsr(csr), true);
});

test('requests by OpenSSL are read and verified', async () => {
  const key = path.join(folder, 'key.pem');
  const file = path.join(folder, 'openssl.csr');
  await mustRun('openssl', [
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-subj',
    '/CN=Shop/O=Example',
    '-addext',
    'subjectAltName=DNS:a.example,IP:192.0.2.1',
    '-outform',
    'DER',
    '-out',
    file,
  ]);
  const csr = parseCsr(await readFile(file));
  assert.equal(csr.subjectText, 'O=Example, CN=Shop');
  assert.deepEqual(csr.identifiers, [parseIdentifier('a.example'), parseIdentifier('192.0.2.1')]);
  assert.equal(verifyCsr(csr), true);
});

test('a signer that signs wrongly is found before the CA sees it', async () => {
  const own = signer('ES256');
  const other = signer('ES256');
  await refuses('PKI_CSR_INVALID', buildCsr({ identifiers, signer: { ...own, sign: (data) => other.sign(data) } }));
  await refuses('PKI_CSR_INVALID', buildCsr({ identifiers, signer: { ...own, sign: async () => new Uint8Array(64) } }));
  await refuses('PKI_CSR_INVALID', buildCsr({ identifiers, signer: { ...own, sign: async () => new Uint8Array(0) } }));
});

test('keys that do not fit the algorithm', async () => {
  await refuses('PKI_KEY_UNSUPPORTED', buildCsr({ identifiers, signer: signer('ES256', keyPair('ES384')) }));
  await refuses('PKI_KEY_UNSUPPORTED', buildCsr({ identifiers, signer: signer('ES384', keyPair('P-521')) }));
  await refuses('PKI_KEY_UNSUPPORTED', buildCsr({ identifiers, signer: signer('RS256', keyPair('rsa-1024')) }));
  await refuses(
    'PKI_KEY_UNSUPPORTED',
    buildCsr({ identifiers, signer: { ...signer('EdDSA'), publicKey: new Uint8Array(3) } }),
  );
});

test('names that are not canonical, and no names', async () => {
  const own = signer('EdDSA');
  await refuses('PKI_NAME_INVALID', buildCsr({ identifiers: [], signer: own }));
  await refuses('PKI_NAME_INVALID', buildCsr({ identifiers: [{ type: 'dns', value: 'a_b.example' }], signer: own }));
  await refuses('PKI_NAME_INVALID', buildCsr({ identifiers: [{ type: 'dns', value: 'A.example' }], signer: own }));
  await refuses('PKI_NAME_INVALID', buildCsr({ identifiers: [{ type: 'ip', value: 'a.example' }], signer: own }));
});

test('a changed request is refused or its signature does not verify', async () => {
  const octets = await buildCsr({ identifiers, signer: signer('EdDSA') });
  fc.assert(
    fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const copy = Uint8Array.from(octets);
      copy[at] = (copy[at] ?? 0) ^ change;
      let csr;
      try {
        csr = parseCsr(copy);
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_CSR_INVALID', String(error));
        return;
      }
      assert.equal(verifyCsr(csr), false);
    }),
    { numRuns: 1000 },
  );
});
