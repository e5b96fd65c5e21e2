import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { mustRun, runCommand } from '../../lab/run-command.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { buildPfx } from '../../lab/pfx.ts';
import { makeLeafDer, makeRoot } from '../pki/support/make-chain.ts';
import { makeKey, type TestKeyKind } from '../pki/support/make-certificate.ts';

const root = makeRoot();
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'everbind-pfx-'));
});
after(() => rm(folder, { recursive: true }));

async function makePfx(
  kind: TestKeyKind,
  password: string,
): Promise<{ pfx: Uint8Array; leaf: Uint8Array; pkcs8: Buffer }> {
  const key = makeKey(kind);
  const leaf = makeLeafDer(root, { key });
  const pkcs8 = key.privateKey.export({ type: 'pkcs8', format: 'der' });
  const pfx = await buildPfx({
    privateKeyPkcs8: pkcs8,
    chain: [leaf, root.certificate.der],
    password,
    friendlyName: 'Shop',
    iterations: 2000,
  });
  return { pfx, leaf, pkcs8 };
}

for (const [kind, password] of [
  ['P-256', 'correct horse'],
  ['P-384', 'pässwörd €'],
  ['rsa-2048', 'x'.repeat(64)],
] as const) {
  test(`OpenSSL opens a ${kind} container`, async () => {
    const { pfx, leaf, pkcs8 } = await makePfx(kind, password);
    const file = path.join(folder, `${kind}.pfx`);
    await writeFile(file, pfx);
    const shown = await runCommand('openssl', [
      'pkcs12',
      '-in',
      file,
      '-passin',
      `pass:${password}`,
      '-nodes',
      '-info',
    ]);
    assert.equal(shown.exitCode, 0, shown.stderr);
    assert.match(shown.stderr, /MAC: sha256, Iteration 2000/);
    assert.equal(shown.stderr.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 2000, PRF hmacWithSHA256/g)?.length, 2);
    const certificates = shown.stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    assert.deepEqual(
      certificates.map((pem) => new Uint8Array(new X509Certificate(pem).raw)),
      [leaf, root.certificate.der],
    );
    const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(shown.stdout)?.[0] ?? '';
    assert.deepEqual(createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' }), pkcs8);
    assert.equal(shown.stdout.match(/friendlyName: Shop/g)?.length, 2);
    assert.equal(new Set(shown.stdout.match(/localKeyID: .*/g)).size, 1);
  });
}

test('a TLS server opens it, with the right password only', async () => {
  const { pfx } = await makePfx('P-256', 'right');
  createSecureContext({ pfx: Buffer.from(pfx), passphrase: 'right' });
  assert.throws(() => createSecureContext({ pfx: Buffer.from(pfx), passphrase: 'wrong' }));
  assert.throws(() => createSecureContext({ pfx: Buffer.from(pfx) }));
});

test('a changed container does not open', async () => {
  const { pfx } = await makePfx('P-256', 'right');
  const at = Math.floor(pfx.length / 2);
  const changed = Buffer.from(pfx);
  changed[at] = (changed[at] ?? 0) ^ 1;
  assert.throws(() => createSecureContext({ pfx: changed, passphrase: 'right' }));
});

test('what cannot be put in', async () => {
  const request = { chain: [root.certificate.der], password: 'x', friendlyName: 'Shop' };
  const refused = (error: unknown): boolean => error instanceof EverbindError && error.code === 'PKI_PFX_FAILED';
  await assert.rejects(buildPfx({ ...request, privateKeyPkcs8: Uint8Array.of(1, 2, 3) }), refused);
  const pkcs8 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'der' });
  await assert.rejects(buildPfx({ ...request, chain: [], privateKeyPkcs8: pkcs8 }), refused);
  // The key belongs to another certificate: a server would refuse to start with it.
  await assert.rejects(buildPfx({ ...request, privateKeyPkcs8: pkcs8 }), refused);
});

test('OpenSSL agrees that the key in it belongs to the certificate', async () => {
  const { pfx, leaf } = await makePfx('P-256', 'right');
  const file = path.join(folder, 'agree.pfx');
  await writeFile(file, pfx);
  const pem = await mustRun('openssl', ['pkcs12', '-in', file, '-passin', 'pass:right', '-nodes', '-nocerts']);
  const published = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' });
  assert.deepEqual(new X509Certificate(leaf).publicKey.export({ type: 'spki', format: 'der' }), published);
});
