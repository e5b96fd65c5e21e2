import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { createKeys } from '../../src/windows/keys/keys.ts';
import { kindOf, privateKeyInfo } from '../../src/windows/keys/private-key.ts';
import { spkiOfBlob } from '../../src/windows/keys/public-key.ts';
import { SOFTWARE_PROVIDER, statusOf } from '../ports/windows-host-support.ts';
import { type FakeNcrypt, fakeNcrypt, publicBlob } from './fake-ncrypt.ts';

const DEVICE_NOT_READY = 0x80090030;
const name = { provider: SOFTWARE_PROVIDER, name: 'everbind.imported.my.00' };
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });

describe('blobs of public keys', () => {
  it('are read, those of keys for ECDH too', () => {
    for (const key of [p256, p384, rsa]) {
      assert.deepEqual(Buffer.from(spkiOfBlob(publicBlob(key))), spki(key));
      assert.deepEqual(Buffer.from(spkiOfBlob(publicBlob(key, 'ECK'))), spki(key));
    }
  });

  it('are refused when they are cut or of another kind', () => {
    assert.throws(() => spkiOfBlob(Buffer.from('ECS1\x20\0\0\0short', 'latin1')), { status: 0x80090027 });
    assert.throws(() => spkiOfBlob(publicBlob(rsa).subarray(0, 200)), { status: 0x80090027 });
    assert.throws(() => spkiOfBlob(Buffer.from('ECS5\x20\0\0\0', 'latin1')), { status: 0x80090027 });
    assert.throws(() => spkiOfBlob(Buffer.alloc(2)), { status: 0x80090027 });
  });
});

describe('a private key for NCryptImportKey', () => {
  it('is a PrivateKeyInfo that OpenSSL reads; EC keys say that they sign', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'everbind-keys-'));
    try {
      for (const key of [p256, p384, rsa]) {
        const octets = privateKeyInfo(key);
        // Attributes [0]: keyUsage (2.5.29.15), a set of one BIT STRING with digitalSignature.
        const usage = Buffer.from('a00d300b0603551d0f310403020780', 'hex');
        assert.equal(octets.subarray(-usage.length).equals(usage), key !== rsa);
        assert.ok(createPrivateKey({ key: octets, format: 'der', type: 'pkcs8' }).equals(key));
        const file = join(folder, 'key.der');
        await writeFile(file, octets, { mode: 0o600 });
        const pem = await mustRun('openssl', ['pkey', '-inform', 'DER', '-in', file, '-pubout']);
        assert.equal(pem, createPublicKey(key).export({ type: 'spki', format: 'pem' }));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what it says once, whatever the key said before', () => {
    const again = createPrivateKey({ key: privateKeyInfo(p256), format: 'der', type: 'pkcs8' });
    assert.deepEqual(privateKeyInfo(again), privateKeyInfo(p256));
  });

  it('is refused for kinds that certificates here do not have', () => {
    for (const { privateKey } of [
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    ]) {
      assert.equal(kindOf(privateKey), null);
      assert.throws(() => privateKeyInfo(privateKey), { status: 0x80090029 });
    }
  });
});

describe('making a key', () => {
  const hardware = { provider: 'Acme HSM', name: 'everbind-r-1' };
  const terms = ['Export Policy', 'Key Usage', 'Security Descr'];
  const setProperties = (fake: FakeNcrypt): readonly string[] =>
    fake.calls.filter((call) => call.name === 'NCryptSetProperty').map((call) => call.about);

  // NTE_NOT_SUPPORTED, NTE_INVALID_PARAMETER, NTE_BAD_FLAGS.
  for (const status of [0x80090029, 0x80090027, 0x80090009]) {
    const hex = `0x${status.toString(16)}`;
    it(`a device that refuses its terms with ${hex} makes a key all the same`, async () => {
      const refusesProperty = Object.fromEntries(terms.map((term) => [term, status]));
      const fake = fakeNcrypt({ implementation: 'hardware', descriptors: null, refusesProperty });
      await createKeys(fake.native).create(hardware, 'ec-p256');
      const kept = fake.kept.get(hardware.name);
      assert.equal(kept?.key.asymmetricKeyType, 'ec');
      assert.deepEqual([...kept.properties.keys()], [], 'the double refused nothing');
      for (const term of terms) assert.ok(setProperties(fake).includes(term), term);
      assert.equal(fake.open.size, 0);
    });

    it(`the software provider makes no key whose terms it refuses with ${hex}`, async () => {
      for (const term of terms) {
        const fake = fakeNcrypt({ refusesProperty: { [term]: status } });
        for (const provider of [SOFTWARE_PROVIDER.toUpperCase(), 'Another Software Provider']) {
          assert.equal(await statusOf(createKeys(fake.native).create({ ...name, provider }, 'ec-p256')), status);
        }
        // Whatever it says of itself.
        const odd = fakeNcrypt({ refusesProperty: { [term]: status }, implementation: 'hardware', descriptors: 0 });
        assert.equal(await statusOf(createKeys(odd.native).create(name, 'ec-p256')), status);
        assert.equal(fake.kept.size + odd.kept.size, 0);
        assert.equal(fake.open.size + odd.open.size, 0);
      }
    });
  }

  it('a device that refuses to keep terms is given them without NCRYPT_PERSIST_FLAG', async () => {
    const fake = fakeNcrypt({ implementation: 'hardware', refusesPersist: 0x80090009 });
    await createKeys(fake.native).create(hardware, 'ec-p256');
    assert.deepEqual([...(fake.kept.get(hardware.name)?.properties.keys() ?? [])], terms);
    assert.deepEqual(
      setProperties(fake),
      terms.flatMap((term) => [term, term]),
    );
  });

  it('a device without security descriptors is not given one', async () => {
    const fake = fakeNcrypt({ implementation: 'hardware', descriptors: 0 });
    await createKeys(fake.native).create(hardware, 'rsa-2048');
    assert.deepEqual([...(fake.kept.get(hardware.name)?.properties.keys() ?? [])], ['Length', ...terms.slice(0, 2)]);
  });

  it('a device that fails while it is given terms makes no key', async () => {
    for (const term of terms) {
      const fake = fakeNcrypt({ implementation: 'hardware', refusesProperty: { [term]: DEVICE_NOT_READY } });
      assert.equal(await statusOf(createKeys(fake.native).create(hardware, 'ec-p256')), DEVICE_NOT_READY);
      assert.equal(fake.kept.size, 0);
      assert.equal(fake.open.size, 0);
    }
  });
});

describe('importing a key where PKCS #8 is refused', () => {
  const NOT_SUPPORTED = 0x80090029;
  const importCalls = (fake: FakeNcrypt): readonly string[] =>
    fake.calls
      .slice(fake.calls.findIndex((call) => call.name === 'NCryptImportKey'))
      .filter((call) => call.name !== 'NCryptOpenStorageProvider')
      .map((call) => `${call.name} ${call.about}`.trim());

  it('gives an RSA key as PRIVATEBLOB where PKCS #8 is refused, on the same terms', async () => {
    const fake = fakeNcrypt({ refusesForm: { PKCS8_PRIVATEKEY: NOT_SUPPORTED } });
    assert.equal(await createKeys(fake.native).importKey(name, rsa), true);
    assert.ok(fake.kept.get(name.name)?.key.equals(rsa));
    assert.deepEqual(importCalls(fake), [
      'NCryptImportKey PKCS8_PRIVATEKEY 0x460',
      'NCryptCreatePersistedKey RSA 0x20',
      'NCryptSetProperty PRIVATEBLOB',
      'NCryptSetProperty Export Policy',
      'NCryptSetProperty Key Usage',
      'NCryptSetProperty Security Descr',
      'NCryptFinalizeKey',
    ]);
    assert.equal(fake.open.size, 0);
    assert.equal(await createKeys(fake.native).importKey(name, rsa), false);
  });

  // NTE_NOT_SUPPORTED, NTE_INVALID_PARAMETER, NTE_BAD_TYPE.
  for (const status of [0x80090029, 0x80090027, 0x8009000a]) {
    for (const key of [p256, p384, rsa]) {
      it(`gives a ${kindOf(key)} key as the property of its kind when 0x${status.toString(16)} refuses the others`, async () => {
        const fake = fakeNcrypt({ refusesForm: { PKCS8_PRIVATEKEY: status, PRIVATEBLOB: status } });
        assert.equal(await createKeys(fake.native).importKey(name, key), true);
        assert.ok(fake.kept.get(name.name)?.key.equals(key));
        const kind = key === rsa ? 'RSAFULLPRIVATEBLOB' : 'ECCPRIVATEBLOB';
        assert.ok(importCalls(fake).includes(`NCryptSetProperty ${kind}`));
        assert.equal(fake.open.size, 0);
      });
    }
  }

  it('says with what PKCS #8 was refused when nothing else is taken, and leaves nothing', async () => {
    const refusesForm = { PKCS8_PRIVATEKEY: 0x80090027, PRIVATEBLOB: 0x80090029, RSAFULLPRIVATEBLOB: 0x80090029 };
    const fake = fakeNcrypt({ refusesForm });
    assert.equal(await statusOf(createKeys(fake.native).importKey(name, rsa)), 0x80090027);
    assert.equal(fake.kept.size, 0);
    assert.equal(fake.open.size, 0);
  });

  it('tries no other form after any other failure', async () => {
    const fake = fakeNcrypt({ refusesForm: { PKCS8_PRIVATEKEY: DEVICE_NOT_READY } });
    assert.equal(await statusOf(createKeys(fake.native).importKey(name, rsa)), DEVICE_NOT_READY);
    assert.deepEqual(importCalls(fake), ['NCryptImportKey PKCS8_PRIVATEKEY 0x460', `NCryptOpenKey ${name.name}`]);
  });
});

describe('importing a key', () => {
  for (const key of [p256, p384, rsa]) {
    it(`gives a ${kindOf(key)} key to the machine, closed before it is finalized, and once`, async () => {
      const fake = fakeNcrypt();
      assert.equal(await createKeys(fake.native).importKey(name, key), true);
      const { key: stored, properties } = fake.kept.get(name.name) ?? assert.fail('no key');
      assert.ok(stored.equals(key));
      assert.equal(properties.get('Export Policy')?.readUInt32LE(), 0);
      assert.equal(properties.get('Key Usage')?.readUInt32LE(), 2);
      assert.equal(properties.get('Security Descr')?.toString(), 'D:P(A;;GA;;;SY)(A;;GA;;;BA)');
      const made = fake.calls.slice(fake.calls.findIndex((call) => call.name === 'NCryptImportKey'));
      assert.deepEqual(
        made.map((call) => `${call.name} ${call.about}`.trim()),
        [
          // NCRYPT_MACHINE_KEY_FLAG, NCRYPT_SILENT_FLAG, NCRYPT_DO_NOT_FINALIZE_FLAG.
          'NCryptImportKey PKCS8_PRIVATEKEY 0x460',
          'NCryptSetProperty Export Policy',
          'NCryptSetProperty Key Usage',
          'NCryptSetProperty Security Descr',
          'NCryptFinalizeKey',
        ],
      );
      assert.equal(fake.open.size, 0);
    });
  }

  it('takes an equal key that is there for its own, and replaces another', async () => {
    const fake = fakeNcrypt();
    const keys = createKeys(fake.native);
    assert.equal(await keys.importKey(name, p256), true);
    assert.equal(await keys.importKey(name, p256), false);
    assert.equal(fake.calls.filter((call) => call.name === 'NCryptImportKey').length, 1);
    assert.equal(await keys.importKey(name, rsa), true);
    assert.ok(fake.kept.get(name.name)?.key.equals(rsa));
    assert.equal(fake.open.size, 0);
  });

  it('makes one key when it is asked for twice at once', async () => {
    const fake = fakeNcrypt();
    const keys = createKeys(fake.native);
    assert.deepEqual(await Promise.all([keys.importKey(name, p256), keys.importKey(name, p256)]), [true, false]);
  });

  for (const failing of [
    'NCryptOpenStorageProvider',
    'NCryptImportKey',
    'NCryptSetProperty Export Policy',
    'NCryptSetProperty Key Usage',
    'NCryptSetProperty Security Descr',
    'NCryptFinalizeKey',
  ]) {
    for (const moment of ['before', 'after'] as const) {
      // A provider that is opened and does not say so cannot be closed.
      if (failing === 'NCryptOpenStorageProvider' && moment === 'after') continue;
      if (failing === 'NCryptImportKey' && moment === 'after') continue;
      it(`leaves no key and no handle when ${failing} fails, ${moment} its effect`, async () => {
        const fake = fakeNcrypt();
        let failed = false;
        fake.fault = (call, now) => {
          if (failed || now !== moment || !`${call.name} ${call.about}`.startsWith(failing)) return 0;
          failed = true;
          return DEVICE_NOT_READY;
        };
        assert.equal(await statusOf(createKeys(fake.native).importKey(name, p256)), DEVICE_NOT_READY);
        assert.ok(failed);
        assert.equal(fake.kept.size, 0);
        assert.equal(fake.open.size, 0);
      });
    }
  }

  it('reports the first failure when what it left cannot be removed either', async () => {
    const fake = fakeNcrypt();
    fake.fault = ({ name: call }, now) => {
      if (call === 'NCryptFinalizeKey' && now === 'after') return DEVICE_NOT_READY;
      return call === 'NCryptDeleteKey' && now === 'before' ? 5 : 0;
    };
    assert.equal(await statusOf(createKeys(fake.native).importKey(name, p256)), DEVICE_NOT_READY);
    assert.equal(fake.open.size, 0);
    // The next import finds the key.
    fake.fault = () => 0;
    assert.equal(await createKeys(fake.native).importKey(name, p256), false);
  });
});
