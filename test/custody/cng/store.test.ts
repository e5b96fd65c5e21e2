import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createKeyProviders } from '../../../lab/sim-windows/key-providers.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { hostKeyName, keyHandle } from '../../../src/custody/cng/handle.ts';
import { createCngKeyStore } from '../../../src/custody/cng/store.ts';
import { EverbindError, WindowsError } from '../../../src/errors/error.ts';
import { buildCsr, parseCsr, verifyCsr } from '../../../src/pki/x509/csr.ts';
import type { HostKeys } from '../../../src/ports/host-keys.ts';
import type { KeyStore } from '../../../src/ports/key-store.ts';
import { codeOf } from '../world.ts';

const SOFTWARE = 'Microsoft Software Key Storage Provider';
const PLATFORM = 'Microsoft Platform Crypto Provider';
const SMART_CARD = 'Microsoft Smart Card Key Storage Provider';

function storeOver(keys: HostKeys, provider?: string): KeyStore {
  return createCngKeyStore({ hostKeys: async () => keys, ...(provider === undefined ? {} : { provider }) });
}

async function errorOf(work: Promise<unknown>): Promise<EverbindError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EverbindError, `no EverbindError: ${String(error)}`);
  return error;
}

async function certificateFor(publicKey: Uint8Array): Promise<Uint8Array> {
  const ca = await createLabCa('cng');
  const hour = 3_600_000;
  return ca.certify(
    { names: ['shop.test'], notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour) },
    publicKey,
  );
}

describe('keys in providers of Windows', () => {
  for (const algorithm of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const) {
    it(`${algorithm}: made in the provider, found again, signs requests and messages`, async () => {
      const host = createKeyProviders();
      const keys = storeOver(host);
      const handle = await keys.generate('r-1', algorithm);
      assert.equal(handle, 'cng:Microsoft%20Software%20Key%20Storage%20Provider:r-1');
      assert.deepEqual(host.current(), [`${SOFTWARE}/everbind-r-1`]);
      const signer = await storeOver(host).open(handle);
      const csr = parseCsr(await buildCsr({ identifiers: [{ type: 'dns', value: 'shop.test' }], signer }));
      assert.ok(verifyCsr(csr));
      const data = Buffer.from('message');
      const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
      const hash = signer.algorithm === 'ES384' ? 'sha384' : 'sha256';
      assert.ok(verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, await signer.sign(data)));
      assert.equal(await keys.generate('r-1', algorithm), handle);
      assert.deepEqual((await keys.open(handle)).publicKey, signer.publicKey);
    });
  }

  it('makes one key a name, however many ask at once', async () => {
    const host = createKeyProviders();
    const stores = [storeOver(host), storeOver(host)];
    const handles = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (stores[index % 2] as KeyStore).generate('once', 'ec-p256')),
    );
    assert.equal(new Set(handles).size, 1);
    assert.equal(host.current().length, 1);
  });

  it('does not take a key of another algorithm for the one that was asked for', async () => {
    const keys = storeOver(createKeyProviders());
    await keys.generate('fixed', 'ec-p256');
    assert.equal(await codeOf(keys.generate('fixed', 'rsa-2048')), 'KEY_ALGORITHM_UNSUPPORTED');
  });

  it('destroys for good, twice if need be, and only what is named', async () => {
    const host = createKeyProviders();
    const keys = storeOver(host);
    const doomed = await keys.generate('doomed', 'ec-p256');
    const other = await keys.generate('other', 'ec-p256');
    await keys.destroy(doomed);
    await keys.destroy(doomed);
    assert.equal(await codeOf(keys.open(doomed)), 'KEY_NOT_FOUND');
    assert.equal(await codeOf(keys.attach(doomed, [])), 'KEY_NOT_FOUND');
    assert.equal((await keys.open(other)).algorithm, 'ES256');
  });

  it('uses keys of every provider, whichever makes the new ones', async () => {
    const host = createKeyProviders();
    const handle = await storeOver(host, PLATFORM).generate('r-2', 'ec-p256');
    assert.equal(handle, 'cng:Microsoft%20Platform%20Crypto%20Provider:r-2');
    assert.equal((await storeOver(host, SOFTWARE).open(handle)).algorithm, 'ES256');
  });
});

describe('attaching a key of a provider to its certificate', () => {
  it('names provider and key, and gives nothing else away', async () => {
    const keys = storeOver(createKeyProviders());
    const handle = await keys.generate('r-1', 'ec-p256');
    const leaf = await certificateFor((await keys.open(handle)).publicKey);
    assert.deepEqual(await keys.attach(handle, [leaf]), {
      kind: 'provider',
      providerName: SOFTWARE,
      keyName: 'everbind-r-1',
    });
  });

  it('refuses the certificate of another key, and none at all', async () => {
    const keys = storeOver(createKeyProviders());
    const handle = await keys.generate('r-1', 'ec-p256');
    const other = await keys.generate('r-2', 'ec-p256');
    const leaf = await certificateFor((await keys.open(other)).publicKey);
    assert.equal(await codeOf(keys.attach(handle, [leaf])), 'KEY_NOT_POSSESSED');
    assert.equal(await codeOf(keys.attach(handle, [])), 'KEY_NOT_POSSESSED');
  });

  it('refuses a key whose provider shows the right public key and signs with another', async () => {
    const host = createKeyProviders();
    const keys = storeOver({
      ...host,
      sign: async ({ provider }, algorithm, data) => host.sign({ provider, name: 'everbind-liar' }, algorithm, data),
    });
    const handle = await keys.generate('r-1', 'ec-p256');
    await keys.generate('liar', 'ec-p256');
    const leaf = await certificateFor((await keys.open(handle)).publicKey);
    assert.equal(await codeOf(keys.attach(handle, [leaf])), 'KEY_NOT_POSSESSED');
  });
});

describe('RSA keys and RSA-PSS', () => {
  const refused = async (host: HostKeys): Promise<void> => {
    const error = await errorOf(storeOver(host, PLATFORM).generate('r-1', 'rsa-2048'));
    assert.equal(error.code, 'KEY_NOT_POSSESSED');
    assert.match(error.message, /use ec-p256 with this provider/);
  };

  it('a key is refused when it is made by a TPM that does not sign so, whichever way it says it', async () => {
    for (const tpmPss of ['none', 'largest-salt'] as const) await refused(createKeyProviders({ tpmPss }));
    for (const status of [0x80090009, 0x80090027, 0x80280092, 0x80290405]) {
      const host = createKeyProviders();
      const sign: HostKeys['sign'] = async (key, algorithm, data) => {
        if (algorithm === 'PS256') throw new WindowsError('NCryptSignHash', status);
        return host.sign(key, algorithm, data);
      };
      await refused({ ...host, sign });
    }
  });

  it('a key is refused when the signatures do not verify with a salt of 32 octets', async () => {
    const host = createKeyProviders({ tpmPss: 'digest-salt' });
    const sign: HostKeys['sign'] = async (key, algorithm, data) =>
      algorithm === 'PS256' ? new Uint8Array(256) : host.sign(key, algorithm, data);
    await refused({ ...host, sign });
  });

  it('a key that was made before is refused for its certificate; one that signs so is not', async () => {
    const host = createKeyProviders();
    await host.create({ provider: PLATFORM, name: 'everbind-r-1' }, 'rsa-2048');
    const handle = keyHandle(PLATFORM, 'r-1');
    const keys = storeOver(host, PLATFORM);
    const leaf = await certificateFor((await keys.open(handle)).publicKey);
    assert.equal(await codeOf(keys.attach(handle, [leaf])), 'KEY_NOT_POSSESSED');
    const able = storeOver(createKeyProviders({ tpmPss: 'digest-salt' }), PLATFORM);
    const made = await able.generate('r-1', 'rsa-2048');
    const own = await certificateFor((await able.open(made)).publicKey);
    assert.equal((await able.attach(made, [own])).kind, 'provider');
  });

  it('a device that goes away while it signs is not said to sign wrongly', async () => {
    const host = createKeyProviders({ tpmPss: 'digest-salt' });
    const sign: HostKeys['sign'] = async (key, algorithm, data) => {
      if (algorithm === 'PS256') await host.away(PLATFORM, 0x80090016);
      return host.sign(key, algorithm, data);
    };
    const code = await codeOf(storeOver({ ...host, sign }, PLATFORM).generate('r-1', 'rsa-2048'));
    assert.equal(code, 'KEY_PROVIDER_NOT_READY');
  });
});

describe('failures of a provider', () => {
  it('an absent provider is told from a missing key, with the names of those there are', async () => {
    const host = createKeyProviders();
    const error = await errorOf(storeOver(host, 'Acme HSM Provider').generate('r-1', 'ec-p256'));
    assert.equal(error.code, 'KEY_PROVIDER_UNKNOWN');
    assert.deepEqual(error.details['providers'], await host.providers());
    for (const name of [SOFTWARE, PLATFORM, 'Acme HSM Provider']) assert.ok(error.message.includes(name), name);
    for (const call of ['open', 'destroy'] as const) {
      assert.equal(await codeOf(storeOver(host)[call]('cng:Gone:r-1')), 'KEY_PROVIDER_UNKNOWN', call);
    }
  });

  it('an algorithm that the provider does not have is refused with its name and the others', async () => {
    const error = await errorOf(storeOver(createKeyProviders(), PLATFORM).generate('r-1', 'ec-p384'));
    assert.equal(error.code, 'KEY_ALGORITHM_UNSUPPORTED');
    assert.match(error.message, /Microsoft Platform Crypto Provider makes no ec-p384 keys.*Microsoft Software/);
    const tooLong = await errorOf(storeOver(createKeyProviders(), PLATFORM).generate('r-1', 'rsa-3072'));
    assert.equal(tooLong.code, 'KEY_ALGORITHM_UNSUPPORTED');
    // The TPM's provider takes the algorithm, and refuses the length of the key.
    assert.equal(tooLong.details['status'], 0x80090027);
    const ed25519 = storeOver(createKeyProviders()).generate('r-1', 'ed25519');
    assert.equal(await codeOf(ed25519), 'KEY_ALGORITHM_UNSUPPORTED');
  });

  it('a provider without its device is said to be so', async () => {
    const error = await errorOf(storeOver(createKeyProviders(), SMART_CARD).generate('r-1', 'rsa-2048'));
    assert.equal(error.code, 'KEY_PROVIDER_NOT_READY');
    assert.equal(error.details['status'], 0x80090016);
  });

  const statuses = [
    [0x80090010, 'KEY_ACCESS_DENIED'],
    [5, 'KEY_ACCESS_DENIED'],
    [0x80090016, 'KEY_PROVIDER_NOT_READY'],
    [0x80090030, 'KEY_PROVIDER_NOT_READY'],
    [0x80090035, 'KEY_PROVIDER_NOT_READY'],
    [0x80090020, 'KEY_PROVIDER_NOT_READY'],
    [0x80280095, 'KEY_PROVIDER_NOT_READY'],
    [0x8028400f, 'KEY_PROVIDER_NOT_READY'],
    [0x80290401, 'KEY_PROVIDER_NOT_READY'],
    [0x8010000c, 'KEY_PROVIDER_NOT_READY'],
    [0x80290405, 'KEY_STORE_FAILED'],
    [0x80090027, 'KEY_STORE_FAILED'],
    [1722, 'KEY_STORE_FAILED'],
  ] as const;
  for (const [status, code] of statuses) {
    it(`status 0x${status.toString(16)} is ${code}, with the failed call as its cause`, async () => {
      const host = createKeyProviders();
      const handle = await storeOver(host, PLATFORM).generate('r-1', 'ec-p256');
      const failing = { ...host, sign: () => Promise.reject(new WindowsError('NCryptSignHash', status)) };
      const signer = await storeOver(failing).open(handle);
      const error = await errorOf(signer.sign(new Uint8Array()));
      assert.equal(error.code, code);
      assert.ok(error.cause instanceof WindowsError);
    });
  }

  it('a key that a device hides is not said to be gone; one that it lost is, whatever else it keeps', async () => {
    const host = createKeyProviders();
    const keys = storeOver(host, PLATFORM);
    const handle = await keys.generate('r-1', 'ec-p256');
    for (const status of [0x80090016, 0x80090030]) {
      await host.away(PLATFORM, status);
      const error = await errorOf(keys.open(handle));
      assert.equal(error.code, 'KEY_PROVIDER_NOT_READY');
      assert.equal(await codeOf(keys.attach(handle, [])), 'KEY_PROVIDER_NOT_READY');
    }
    await host.back(PLATFORM);
    assert.equal((await keys.open(handle)).algorithm, 'ES256');
    await host.remove({ provider: PLATFORM, name: 'everbind-r-1' });
    assert.equal(await codeOf(keys.open(handle)), 'KEY_NOT_FOUND');
    assert.deepEqual(host.current(), []);
  });

  it('a key that a device hides is not said to be destroyed; it is when the device is back', async () => {
    const host = createKeyProviders();
    const keys = storeOver(host, PLATFORM);
    const handle = await keys.generate('r-1', 'ec-p256');
    for (const status of [0x80090016, 0x80090030]) {
      await host.away(PLATFORM, status);
      assert.equal(await codeOf(keys.destroy(handle)), 'KEY_PROVIDER_NOT_READY');
    }
    await host.back(PLATFORM);
    await keys.destroy(handle);
    await keys.destroy(handle);
    assert.deepEqual(host.current(), []);
  });

  it('a device shows that it is there by a key that is made and removed, also after a kill, and many at once', async () => {
    const host = createKeyProviders();
    // The provider has no elliptic curves, and the key of a process that was killed.
    const rsaOnly: HostKeys = {
      ...host,
      create: async (key, algorithm) => {
        if (!algorithm.startsWith('rsa-')) throw new WindowsError('NCryptCreatePersistedKey', 0x80090029);
        await host.create(key, algorithm);
      },
    };
    await host.create({ provider: PLATFORM, name: 'everbind-device-check' }, 'rsa-2048');
    const keys = storeOver(rsaOnly, PLATFORM);
    const prefix = 'cng:Microsoft%20Platform%20Crypto%20Provider';
    const codes = await Promise.all([1, 2, 3].map((number) => codeOf(keys.open(`${prefix}:r-${number}`))));
    assert.deepEqual(codes, ['KEY_NOT_FOUND', 'KEY_NOT_FOUND', 'KEY_NOT_FOUND']);
    assert.deepEqual(host.current(), []);
  });

  it('a key that is hidden while it is looked for, and there a moment later, is not gone', async () => {
    const host = createKeyProviders();
    const handle = await storeOver(host, PLATFORM).generate('r-1', 'ec-p256');
    let looks = 0;
    const late: HostKeys = {
      ...host,
      publicKey: async (key) => {
        looks += 1;
        return looks === 1 ? null : host.publicKey(key);
      },
    };
    assert.equal(await codeOf(storeOver(late, PLATFORM).open(handle)), 'KEY_PROVIDER_NOT_READY');
    assert.deepEqual(host.current(), [`${PLATFORM}/everbind-r-1`]);
  });

  it('a device that goes away again once it has made a key has not shown that the other one is gone', async () => {
    const host = createKeyProviders();
    const handle = await storeOver(host, PLATFORM).generate('r-1', 'ec-p256');
    await host.away(PLATFORM, 0x80090016);
    const flapping: HostKeys = {
      ...host,
      create: async (key, algorithm) => {
        await host.back(PLATFORM);
        await host.create(key, algorithm);
        await host.away(PLATFORM, 0x80090016);
      },
    };
    assert.equal(await codeOf(storeOver(flapping, PLATFORM).open(handle)), 'KEY_PROVIDER_NOT_READY');
    await host.back(PLATFORM);
    assert.equal((await storeOver(host, PLATFORM).open(handle)).algorithm, 'ES256');
  });

  it('a key that vanishes as it is made is not said to be there', async () => {
    const host = { ...createKeyProviders(), publicKey: async () => null };
    assert.equal(await codeOf(storeOver(host).generate('r-1', 'ec-p256')), 'KEY_STORE_FAILED');
  });

  it('a key of a kind that certificates do not have is not opened', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
    for (const spki of [publicKey.export({ type: 'spki', format: 'der' }), Buffer.from('nothing')]) {
      const host = { ...createKeyProviders(), publicKey: async () => new Uint8Array(spki) };
      assert.equal(await codeOf(storeOver(host).open('cng:P:r-1')), 'KEY_STORE_FAILED');
      assert.equal(await codeOf(storeOver(host).generate('r-1', 'ec-p256')), 'KEY_ALGORITHM_UNSUPPORTED');
    }
  });
});

describe('handles of keys in providers', () => {
  const names = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,99}$/);
  const providers = fc.string({ unit: 'grapheme', minLength: 1 });

  it('property: every provider and name comes out of its handle again, in plain ASCII without blanks', () => {
    fc.assert(
      fc.property(providers, names, (provider, name) => {
        const handle = keyHandle(provider, name);
        assert.match(handle, /^cng:[A-Za-z0-9._%-]+:[a-z0-9._-]+$/);
        assert.deepEqual(hostKeyName(handle), { provider: provider.toWellFormed(), name: `everbind-${name}` });
      }),
    );
  });

  it('property: no other text is a handle', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `cng:${text}`),
        ),
        (text) => {
          try {
            const { provider, name } = hostKeyName(text);
            assert.equal(keyHandle(provider, name.slice('everbind-'.length)), text);
          } catch (error) {
            assert.ok(error instanceof EverbindError);
            assert.equal(error.code, 'KEY_NOT_FOUND');
          }
        },
      ),
    );
    for (const text of [
      'cng:',
      'cng::a',
      'cng:a',
      'cng:%61:a',
      'cng:%7e:a',
      'cng:%:a',
      'cng:a b:c',
      'cng:a:B',
      'cng:a:../b',
    ]) {
      assert.throws(() => hostKeyName(text), { code: 'KEY_NOT_FOUND' }, text);
    }
  });

  it('names that a file system or a case could confuse are refused', async () => {
    for (const name of ['', '../x', 'a b', 'a:b', 'A', '.a', 'x'.repeat(101)]) {
      assert.equal(await codeOf(storeOver(createKeyProviders()).generate(name, 'ec-p256')), 'KEY_STORE_FAILED', name);
    }
  });
});
