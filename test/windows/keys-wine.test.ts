import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLabCa, type LabCa } from '../../lab/test-ca.ts';
import {
  findLabKey,
  type LabDevice,
  type LabKey,
  readLabKeys,
  setLabDevice,
} from '../../lab/wine/doubles/key-files.ts';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { createCngKeyStore } from '../../src/custody/cng/store.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { certified, issue, issueFor, SOFTWARE_PROVIDER, statusOf } from '../ports/windows-host-support.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';

// What a provider is asked for, which no call of ours tells back: read from the double's files. And that every handle
// is closed, whatever fails.

const KEY = { provider: SOFTWARE_PROVIDER, name: 'everbind-wine' };
const PLATFORM = 'Microsoft Platform Crypto Provider';
const HSM = 'Everbind Lab HSM';
const DEVICE_ERROR = 0x80090030;
const DATA = Buffer.from('signed');

describe('keys under Wine', () => {
  let prefix: WinePrefix;
  let plain: WineHost;
  let ca: LabCa;
  let runs = 0;
  before(async () => {
    ca = await createLabCa('Everbind keys');
    prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
    plain = await startWineHost(prefix);
  });
  after(async () => {
    await plain.close();
    await prefix.remove();
  });

  /**
   * Runs `work` in a process whose native calls fail as `faults` says; the lines of its journal, the last one said at
   * its end.
   */
  async function withFaults(faults: string, work: (host: WindowsHost) => Promise<void>): Promise<readonly string[][]> {
    runs += 1;
    const file = `calls-${runs}.txt`;
    const wine = await startWineHost(prefix, { EVERBIND_LAB_FAULTS: faults, EVERBIND_LAB_CALLS: `C:\\${file}` });
    try {
      await work(wine.host);
    } finally {
      await wine.close();
    }
    const lines = (await readFile(join(prefix.driveC, file), 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line) => line.split('\t'));
  }

  const assertNothingOpen = (journal: readonly string[][]): void => {
    assert.ok(journal.length > 0, 'the journal is empty');
    assert.deepEqual(
      journal.filter(([, call]) => call === 'handles-left-open'),
      [],
    );
  };

  for (const [algorithm, name] of [
    ['ec-p256', 'ECDSA_P256'],
    ['ec-p384', 'ECDSA_P384'],
    ['rsa-3072', 'RSA'],
  ] as const) {
    it(`asks for a ${algorithm} key that cannot be had back, for signing, for SYSTEM and administrators alone`, async (t) => {
      t.after(() => plain.host.keys.remove(KEY));
      await plain.host.keys.create(KEY, algorithm);
      const kept = await findLabKey(prefix.keysFolder, KEY.provider, KEY.name);
      assert.equal(kept?.algorithm, name);
      assert.equal(kept.scope, 'machine');
      assert.equal(kept.exportPolicy, 0);
      assert.equal(kept.keyUsage, 2);
      assert.deepEqual(trustees(kept.securityDescriptor), [SYSTEM, ADMINISTRATORS]);
      // Full access is kept as the rights that it stands for, not as it was asked for.
      assert.deepEqual(masks(kept.securityDescriptor), [FILE_ALL_ACCESS, FILE_ALL_ACCESS]);
    });
  }

  for (const [algorithm, name] of [
    ['ec-p256', 'ECDSA_P256'],
    ['ec-p384', 'ECDSA_P384'],
    ['rsa-2048', 'RSA'],
  ] as const) {
    it(`gives an imported ${algorithm} key to the provider on the same terms, and takes it away with its certificate`, async () => {
      const { certificates } = plain.host;
      const { der, privateKey, thumbprint } = await issueFor(ca, algorithm, 'imported.contract.test');
      await certificates.importWithKey('WebHosting', der, privateKey, 'one');
      const [kept, ...others] = await readLabKeys(prefix.keysFolder);
      assert.deepEqual(others, []);
      assert.equal(kept?.provider, SOFTWARE_PROVIDER);
      assert.equal(kept.name, `everbind.imported.webhosting.${thumbprint}`);
      assert.equal(kept.algorithm, name);
      assert.equal(kept.scope, 'machine');
      assert.equal(kept.exportPolicy, 0);
      assert.equal(kept.keyUsage, 2);
      assert.deepEqual(trustees(kept.securityDescriptor), [SYSTEM, ADMINISTRATORS]);
      const own = { key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' } as const;
      assert.ok(kept.privateKey.equals(createPrivateKey(own)));
      await certificates.importWithKey('MY', der, privateKey, 'two');
      assert.equal((await readLabKeys(prefix.keysFolder)).length, 2);
      await certificates.remove('WebHosting', thumbprint);
      const left = await readLabKeys(prefix.keysFolder);
      assert.deepEqual(
        left.map((key) => key.name),
        [`everbind.imported.my.${thumbprint}`],
      );
      await certificates.remove('MY', thumbprint);
      assert.deepEqual(await readLabKeys(prefix.keysFolder), []);
    });
  }

  it('gives imported keys as a property, on the same terms, where PKCS #8 is refused', async (t) => {
    t.after(() => setLabDevice(prefix.keysFolder, SOFTWARE_PROVIDER, null));
    const forms = [{ PKCS8_PRIVATEKEY: 0x80090029 }, { PKCS8_PRIVATEKEY: 0x80090029, PRIVATEBLOB: 0x80090027 }];
    const journal = await withFaults('', async ({ certificates }) => {
      for (const refused of forms) {
        await setLabDevice(prefix.keysFolder, SOFTWARE_PROVIDER, refused);
        for (const algorithm of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
          const { der, privateKey, thumbprint } = await issueFor(ca, algorithm, 'imported.contract.test');
          await certificates.importWithKey('WebHosting', der, privateKey, 'one');
          const [kept, ...others] = await readLabKeys(prefix.keysFolder);
          assert.deepEqual(others, []);
          assert.equal(kept?.exportPolicy, 0);
          assert.equal(kept.keyUsage, 2);
          assert.deepEqual(trustees(kept.securityDescriptor), [SYSTEM, ADMINISTRATORS]);
          const own = { key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' } as const;
          assert.ok(kept.privateKey.equals(createPrivateKey(own)));
          await certificates.remove('WebHosting', thumbprint);
          assert.deepEqual(await readLabKeys(prefix.keysFolder), []);
        }
      }
    });
    assertNothingOpen(journal);
    const given = journal.filter(([, call, , , about]) => call === 'NCryptSetProperty' && about?.endsWith('BLOB'));
    assert.deepEqual(
      given.map(([, , status, , about]) => `${about} ${status}`),
      [
        'PRIVATEBLOB 0x00000000',
        'PRIVATEBLOB 0x00000000',
        'PRIVATEBLOB 0x00000000',
        'PRIVATEBLOB 0x80090027',
        'ECCPRIVATEBLOB 0x00000000',
        'PRIVATEBLOB 0x80090027',
        'ECCPRIVATEBLOB 0x00000000',
        'PRIVATEBLOB 0x80090027',
        'RSAFULLPRIVATEBLOB 0x00000000',
      ],
    );
  });

  it('takes an imported key away with its certificate, whatever the case in which Windows names the provider', async () => {
    const { certificates } = plain.host;
    const { der, privateKey, thumbprint } = await issue(ca, 'case.contract.test');
    await certificates.importWithKey('MY', der, privateKey, 'one');
    const key = { provider: SOFTWARE_PROVIDER.toUpperCase(), name: `everbind.imported.my.${thumbprint}` };
    await certificates.addWithKey('MY', der, key, 'two');
    await certificates.remove('MY', thumbprint);
    assert.deepEqual(await readLabKeys(prefix.keysFolder), []);
  });

  it('leaves no key when an import fails, and finds the key of an import that was interrupted', async (t) => {
    const { der, privateKey, thumbprint } = await issue(ca, 'interrupted.contract.test');
    const importFails = async (faults: string): Promise<void> => {
      const journal = await withFaults(faults, async (host) => {
        assert.equal(await statusOf(host.certificates.importWithKey('MY', der, privateKey, 'x')), DEVICE_ERROR);
      });
      assertNothingOpen(journal);
    };
    for (const call of [
      'NCryptImportKey:1',
      'NCryptSetProperty:1',
      'NCryptSetProperty:2',
      'NCryptSetProperty:3',
      'NCryptFinalizeKey:1',
      'NCryptFinalizeKey:after:1',
    ]) {
      await importFails(`${call}:0x80090030`);
      assert.deepEqual(await readLabKeys(prefix.keysFolder), [], call);
    }
    // The key is there, and nobody was left to remove it.
    await importFails('NCryptFinalizeKey:after:1:0x80090030,NCryptDeleteKey:1:0x80090030');
    assert.equal((await readLabKeys(prefix.keysFolder)).length, 1);
    t.after(() => plain.host.certificates.remove('MY', thumbprint));
    await plain.host.certificates.importWithKey('MY', der, privateKey, 'x');
    assert.equal((await readLabKeys(prefix.keysFolder)).length, 1);
    assert.equal((await plain.host.certificates.find('MY', thumbprint))?.hasPrivateKey, true);
  });

  for (const call of [
    'NCryptOpenStorageProvider:1',
    'NCryptCreatePersistedKey:1',
    'NCryptSetProperty:1',
    'NCryptSetProperty:2',
    'NCryptSetProperty:3',
    'NCryptSetProperty:4',
    'NCryptFinalizeKey:1',
  ]) {
    it(`makes no key and leaves no handle open when ${call} fails`, async () => {
      const journal = await withFaults(`${call}:0x80090030`, async (host) => {
        assert.equal(await statusOf(host.keys.create(KEY, 'rsa-2048')), DEVICE_ERROR);
      });
      assertNothingOpen(journal);
      assert.ok(journal.some(([, , , outcome]) => outcome === 'fault'));
      assert.equal(await plain.host.keys.publicKey(KEY), null);
    });
  }

  for (const call of [
    'NCryptOpenStorageProvider:2',
    'NCryptOpenKey:1',
    'NCryptGetProperty:1',
    'NCryptExportKey:1',
    'NCryptSignHash:1',
  ]) {
    it(`leaves no handle open when ${call} fails while signing`, async (t) => {
      t.after(() => plain.host.keys.remove(KEY));
      const journal = await withFaults(`${call}:0x80090030`, async (host) => {
        await host.keys.create(KEY, 'ec-p256');
        assert.equal(await statusOf(host.keys.sign(KEY, 'ES256', DATA)), DEVICE_ERROR);
        assert.equal((await host.keys.sign(KEY, 'ES256', DATA)).length, 64);
      });
      assertNothingOpen(journal);
    });
  }

  it('leaves no handle open when a key cannot be removed, and keeps the key', async (t) => {
    t.after(() => plain.host.keys.remove(KEY));
    const journal = await withFaults('NCryptDeleteKey:1:0x80090030', async (host) => {
      await host.keys.create(KEY, 'ec-p256');
      assert.equal(await statusOf(host.keys.remove(KEY)), DEVICE_ERROR);
      assert.notEqual(await host.keys.publicKey(KEY), null);
      await host.keys.remove(KEY);
    });
    assertNothingOpen(journal);
  });

  it('makes a key without the terms that a TPM or an HSM does not know, and none in the software provider', async () => {
    const create = async (provider: string, device: LabDevice): Promise<LabKey | number | null> => {
      const key = { ...KEY, provider };
      await setLabDevice(prefix.keysFolder, provider, device);
      const status = await statusOf(plain.host.keys.create(key, 'ec-p256'));
      await setLabDevice(prefix.keysFolder, provider, null);
      const kept = await findLabKey(prefix.keysFolder, provider, key.name);
      await plain.host.keys.remove(key);
      return status === 0 ? kept : status;
    };
    const made = async (provider: string, device: LabDevice): Promise<LabKey> => {
      const kept = await create(provider, device);
      assert.ok(typeof kept === 'object' && kept !== null, `${provider} refused: ${JSON.stringify(device)}`);
      return kept;
    };
    assert.equal((await made(PLATFORM, {})).securityDescriptor.length, 0);
    assert.equal((await made(PLATFORM, {})).keyUsage, 2);
    assert.equal((await made(PLATFORM, { descriptors: 1, 'Security Descr': 0x80090027 })).securityDescriptor.length, 0);
    const terms = { 'Key Usage': 0x80090029, 'Export Policy': 0x80090027 };
    assert.ok((await made(HSM, terms)).securityDescriptor.length > 0);
    assert.equal((await made(HSM, { persist: 0x80090009 })).keyUsage, 2);
    for (const term of ['Key Usage', 'Export Policy', 'Security Descr', 'persist']) {
      for (const status of [0x80090029, 0x80090027, 0x80090009]) {
        assert.equal(await create(SOFTWARE_PROVIDER, { [term]: status }), status, term);
      }
    }
    assert.deepEqual(await readLabKeys(prefix.keysFolder), []);
  });

  it('a TPM that is away hides its keys and has not lost them; one that answers and does not find a key has', async () => {
    const keys = createCngKeyStore({ hostKeys: async () => plain.host.keys, provider: PLATFORM });
    const handle = await keys.generate('away', 'ec-p256');
    for (const status of [0x80090016, 0x80090030, 0x80280095]) {
      await setLabDevice(prefix.keysFolder, PLATFORM, { away: status });
      const looked = plain.host.keys.publicKey({ provider: PLATFORM, name: 'everbind-away' });
      if (status === 0x80090016) assert.equal(await looked, null);
      else assert.equal(await statusOf(looked), status);
      await assert.rejects(keys.open(handle), { code: 'KEY_PROVIDER_NOT_READY' });
      await assert.rejects(keys.generate('other', 'ec-p256'), { code: 'KEY_PROVIDER_NOT_READY' });
    }
    await setLabDevice(prefix.keysFolder, PLATFORM, null);
    assert.equal((await keys.open(handle)).algorithm, 'ES256');
    await keys.destroy(handle);
    await assert.rejects(keys.open(handle), { code: 'KEY_NOT_FOUND' });
    assert.deepEqual(await readLabKeys(prefix.keysFolder), []);
  });

  it('RSA keys of a TPM are refused unless it signs with RSA-PSS and a salt of 32 octets', async () => {
    const keys = createCngKeyStore({ hostKeys: async () => plain.host.keys, provider: PLATFORM });
    for (const device of [{}, { pss: 0x40290423 }]) {
      await setLabDevice(prefix.keysFolder, PLATFORM, device);
      await assert.rejects(keys.generate('pss', 'rsa-2048'), { code: 'KEY_NOT_POSSESSED' });
    }
    await setLabDevice(prefix.keysFolder, PLATFORM, { 'pss-salt': 0x40290423 });
    const handle = await keys.generate('pss', 'rsa-2048');
    await assert.rejects(keys.generate('long', 'rsa-3072'), { code: 'KEY_ALGORITHM_UNSUPPORTED' });
    await setLabDevice(prefix.keysFolder, PLATFORM, null);
    await keys.destroy(handle);
  });

  it('keeps what it stored for processes to come', async (t) => {
    t.after(() => plain.host.keys.remove(KEY));
    let thumbprint = '';
    await withFaults('', async (host) => {
      await host.keys.create(KEY, 'ec-p256');
      const publicKey = await host.keys.publicKey(KEY);
      assert.ok(publicKey !== null);
      const made = await certified(ca, publicKey, 'kept.contract.test');
      thumbprint = made.thumbprint;
      await host.certificates.addWithKey('MY', made.der, KEY, 'žluťoučký 漢');
    });
    await withFaults('NCryptOpenKey:9:1', async (host) => {
      const found = await host.certificates.find('MY', thumbprint);
      assert.equal(found?.friendlyName, 'žluťoučký 漢');
      assert.equal(found.hasPrivateKey, true);
      await host.certificates.remove('MY', thumbprint);
      assert.equal((await host.keys.sign(KEY, 'ES256', DATA)).length, 64);
    });
    await withFaults('NCryptOpenKey:9:1', async (host) => {
      assert.equal(await host.certificates.find('MY', thumbprint), null);
      assert.notEqual(await host.keys.publicKey(KEY), null);
    });
  });
});

// [MS-DTYP] 2.4: a self-relative descriptor, its list of access control entries, each for one security identifier.
const SYSTEM = 'S-1-5-18';
const ADMINISTRATORS = 'S-1-5-32-544';
const ACCESS_ALLOWED = 0;
const FILE_ALL_ACCESS = 0x1f01ff;
const DACL_PROTECTED = 0x1000;

function masks(descriptor: Buffer): readonly number[] {
  const list = descriptor.readUInt32LE(16);
  let entry = list + 8;
  return Array.from({ length: descriptor.readUInt16LE(list + 4) }, () => {
    const mask = descriptor.readUInt32LE(entry + 4);
    entry += descriptor.readUInt16LE(entry + 2);
    return mask;
  });
}

function trustees(descriptor: Buffer): readonly string[] {
  assert.ok((descriptor.readUInt16LE(2) & DACL_PROTECTED) !== 0, 'the access list may inherit');
  const list = descriptor.readUInt32LE(16);
  let entry = list + 8;
  return Array.from({ length: descriptor.readUInt16LE(list + 4) }, () => {
    assert.equal(descriptor[entry], ACCESS_ALLOWED);
    const sid = entry + 8;
    const parts = Array.from({ length: descriptor[sid + 1] ?? 0 }, (_, part) =>
      descriptor.readUInt32LE(sid + 8 + part * 4),
    );
    entry += descriptor.readUInt16LE(entry + 2);
    return ['S', descriptor[sid], descriptor.readUIntBE(sid + 2, 6), ...parts].join('-');
  }).toSorted((left, right) => left.length - right.length);
}
