import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { createLabCa, type LabCa } from '../../lab/test-ca.ts';
import { privateBlob, spkiOfBlob } from '../../src/windows/keys/key-blob.ts';
import { openPfx } from '../../src/windows/stores/pfx.ts';
import { issue, statusOf } from '../ports/windows-host-support.ts';

describe('PKCS#12', () => {
  let folder: string;
  let ca: LabCa;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everbind-pfx-'));
    ca = await createLabCa('Everbind PFX');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A container that OpenSSL made. */
  async function opensslPfx(...options: readonly string[]) {
    const { der, certificatePem, privateKeyPem } = await ca.issue({
      names: ['openssl.contract.test'],
      notBefore: new Date(Date.now() - 1000),
      notAfter: new Date(Date.now() + 86_400_000),
    });
    const file = join(folder, 'openssl');
    await writeFile(`${file}.pem`, `${privateKeyPem}${certificatePem}${ca.certificatePem}`);
    const make = ['pkcs12', '-export', '-in', `${file}.pem`, '-out', `${file}.pfx`, '-passout', 'pass:sesam'];
    await mustRun('openssl', [...make, ...options]);
    return { der, pfx: await readFile(`${file}.pfx`) };
  }

  it('gives the certificate of its key, and not those above it', async () => {
    const { der, pfx } = await issue(ca, 'own.contract.test');
    const { leaf, privateKey } = await openPfx(pfx.octets, pfx.password);
    assert.deepEqual(Buffer.from(leaf), Buffer.from(der));
    assert.ok(privateKey.type === 'private');
  });

  it('is opened as OpenSSL makes it, the key encrypted or not', async () => {
    for (const options of [[], ['-keypbe', 'NONE'], ['-certpbe', 'NONE']]) {
      const { der, pfx } = await opensslPfx(...options);
      const { leaf } = await openPfx(pfx, 'sesam');
      assert.deepEqual(Buffer.from(leaf), Buffer.from(der), options.join(' '));
      assert.equal(await statusOf(openPfx(pfx, 'other')), 86);
    }
  });

  it('is refused when it holds no key, is damaged, too large or none at all', async () => {
    const { pfx } = await opensslPfx('-nokeys');
    assert.equal(await statusOf(openPfx(pfx, 'sesam')), 0x80092002);
    const { pfx: own } = await issue(ca, 'damaged.contract.test');
    assert.equal(await statusOf(openPfx(own.octets.subarray(0, 100), own.password)), 0x80092002);
    assert.equal(await statusOf(openPfx(Buffer.alloc(2 << 20), 'x')), 0x80092002);
    assert.equal(await statusOf(openPfx(Buffer.alloc(0), 'x')), 0x80092002);
  });
});

describe('key blobs', () => {
  const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keys: readonly KeyObject[] = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey,
  ];

  it('have the public key at their start', () => {
    for (const key of keys) {
      const { octets, type } = privateBlob(key);
      const blob = Buffer.from(octets);
      // RSA1 instead of RSA3, ECS1 instead of ECS2, ECS3 instead of ECS4.
      blob.writeUInt8(type === 'RSAFULLPRIVATEBLOB' ? 0x31 : (blob[3] ?? 0) - 1, 3);
      assert.deepEqual(Buffer.from(spkiOfBlob(blob)), spki(key));
    }
  });

  it('are as long as their numbers, whatever zeros these begin with', () => {
    // A private exponent or coordinate below 2^8n is rare in random keys, so that this one is made to measure.
    const ecdh = createPrivateKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        d: Buffer.concat([Buffer.alloc(31), Buffer.from([1])]).toString('base64url'),
        x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
        y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
      },
      format: 'jwk',
    });
    const { octets } = privateBlob(ecdh);
    assert.equal(octets.length, 8 + 96);
    assert.equal(octets.subarray(72).toString('hex'), `${'00'.repeat(31)}01`);
  });

  it('are refused for other keys and when they are cut', () => {
    assert.throws(() => privateBlob(generateKeyPairSync('ed25519').privateKey), { status: 0x80090029 });
    assert.throws(() => privateBlob(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), {
      status: 0x80090029,
    });
    assert.throws(() => spkiOfBlob(Buffer.from('ECS1\x20\0\0\0short', 'latin1')), { status: 0x80090027 });
    assert.throws(() => spkiOfBlob(Buffer.alloc(2)), { status: 0x80090027 });
  });
});
