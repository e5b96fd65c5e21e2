import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPfx } from '../../../lab/pfx.ts';
import { mustRun } from '../../../lab/run-command.ts';
import { openPfx } from '../../../lab/sim-windows/pfx.ts';
import { createLabCa, type LabCa } from '../../../lab/test-ca.ts';
import { issue, statusOf } from '../../ports/windows-host-support.ts';

// How the double reads the files of a Central Certificate Store.

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
    const { der, privateKey } = await issue(ca, 'own.contract.test');
    const request = { privateKeyPkcs8: privateKey, chain: [der, ca.der], password: 'sesam', friendlyName: 'own' };
    const { leaf, key } = await openPfx(await buildPfx(request), 'sesam');
    assert.deepEqual(leaf.raw, Buffer.from(der));
    assert.deepEqual(key.export({ type: 'pkcs8', format: 'der' }), Buffer.from(privateKey));
  });

  it('is opened as OpenSSL makes it, the key encrypted or not', async () => {
    for (const options of [[], ['-keypbe', 'NONE'], ['-certpbe', 'NONE']]) {
      const { der, pfx } = await opensslPfx(...options);
      const { leaf } = await openPfx(pfx, 'sesam');
      assert.deepEqual(leaf.raw, Buffer.from(der), options.join(' '));
      assert.equal(await statusOf(openPfx(pfx, 'other')), 86);
    }
  });

  it('is refused when it holds no key, is damaged or none at all', async () => {
    const { pfx } = await opensslPfx('-nokeys');
    assert.notEqual(await statusOf(openPfx(pfx, 'sesam')), 0);
    const { pfx: whole } = await opensslPfx();
    assert.equal(await statusOf(openPfx(whole.subarray(0, 100), 'sesam')), 0x80092002);
    assert.equal(await statusOf(openPfx(Buffer.alloc(2 << 20), 'x')), 0x80092002);
    assert.equal(await statusOf(openPfx(Buffer.alloc(0), 'x')), 0x80092002);
  });
});
