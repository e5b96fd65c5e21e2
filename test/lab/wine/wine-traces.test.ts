import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makePfx } from '../../../lab/pfx.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { findTraces } from '../../../lab/wine/traces.ts';

const { privateKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-traces-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function found(name: string, content: string | Uint8Array, keys = [ec, rsa]): Promise<number> {
  const own = join(folder, name);
  await mkdir(join(own, 'deep', 'er'), { recursive: true });
  await writeFile(join(own, 'deep', 'er', 'file'), content);
  return (await findTraces(own, null, keys)).length;
}

const rubbish = Buffer.from('what stands before'.repeat(7));
const among = (octets: Uint8Array): Buffer => Buffer.concat([rubbish, octets, rubbish]);
const numberOf = (key: typeof ec): Buffer => Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');

describe('the search for private keys', () => {
  for (const [kind, key] of [
    ['ec', ec],
    ['rsa', rsa],
  ] as const) {
    it(`finds the files of tools: ${kind}`, async () => {
      const old = kind === 'ec' ? 'sec1' : 'pkcs1';
      const der = key.export({ type: 'pkcs8', format: 'der' });
      // No key is known here: the shape alone is seen.
      assert.ok((await found(`${kind}-pem`, key.export({ type: 'pkcs8', format: 'pem' }), [])) > 0);
      assert.ok((await found(`${kind}-pkcs8`, among(der), [])) > 0);
      const sec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
      const older =
        kind === 'ec' ? sec.export({ type: 'sec1', format: 'der' }) : rsa.export({ type: 'pkcs1', format: 'der' });
      assert.ok((await found(`${kind}-${old}`, among(older), [])) > 0);
    });

    it(`finds a key's number however it is spelled: ${kind}`, async () => {
      const number = numberOf(key);
      const spelled: readonly (string | Buffer)[] = [
        number,
        Buffer.from(number).reverse(),
        number.toString('hex'),
        number.toString('hex').toUpperCase(),
        Buffer.from(number.toString('hex'), 'utf16le'),
        JSON.stringify(key.export({ format: 'jwk' })),
        ...[0, 1, 2].map((offset) => Buffer.concat([Buffer.alloc(offset, 7), number, rubbish]).toString('base64')),
        `WINE REGISTRY Version 2\n"Key"=hex:${(number.toString('hex').match(/../g) ?? []).join(',').replace(/(.{60},)/g, '$1\\\n  ')}\n`,
      ];
      for (const [index, text] of spelled.entries()) {
        assert.ok(
          (await found(
            `${kind}-number-${index}`,
            among(Buffer.from(text)).subarray(index === 9 ? rubbish.length : 0),
          )) > 0,
          `${index}`,
        );
      }
    });
  }

  it('finds PKCS#12 and the blobs of Windows', async () => {
    const ca = await createLabCa('traces');
    const now = Date.now();
    const issued = await ca.issue({
      names: ['a.test'],
      notBefore: new Date(now),
      notAfter: new Date(now + 86_400_000),
    });
    assert.ok((await found('pfx', (await makePfx(issued, 'a')).octets, [])) > 0);
    const blob = Buffer.alloc(8 + 96);
    blob.write('ECS2');
    blob.writeUInt32LE(32, 4);
    assert.ok((await found('bcrypt-ec', among(blob), [])) > 0);
    assert.ok((await found('bcrypt-rsa', among(Buffer.from('RSA2\0\x08\0\0', 'latin1')), [])) > 0);
  });

  it('finds nothing in certificates and public keys, nor in what was there before', async () => {
    const ca = await createLabCa('traces');
    const now = Date.now();
    const { der, certificatePem } = await ca.issue({
      names: ['a.test'],
      notBefore: new Date(now),
      notAfter: new Date(now + 86_400_000),
    });
    const own = join(folder, 'clean');
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'certificate.der'), der);
    await writeFile(join(own, 'certificate.pem'), certificatePem);
    await writeFile(join(own, 'public.der'), createPublicKey(rsa).export({ type: 'spki', format: 'der' }));
    await cp(own, join(folder, 'template'), { recursive: true });
    await writeFile(join(own, 'old.key'), ec.export({ type: 'pkcs8', format: 'pem' }));
    await cp(join(own, 'old.key'), join(folder, 'template', 'old.key'));
    assert.deepEqual(await findTraces(own, join(folder, 'template'), []), []);
  });
});
