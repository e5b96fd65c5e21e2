import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, describe, it } from 'node:test';
import { createKeyProviders } from '../../lab/sim-windows/key-providers.ts';
import { createKeyCustody } from '../../src/custody/custody.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { codeOf, createWorld } from './world.ts';

describe('all key stores as one', () => {
  const world = createWorld();
  const { keys: software, store } = world.open();
  const host = createKeyProviders();
  const custody = createKeyCustody({ software, hostKeys: async () => host });
  after(async () => {
    await store.close();
    world.remove();
  });

  // Before any other test uses a key of a provider.
  it('loads a kind of key store when one of its keys is used, not before', async () => {
    const loaded: string[] = [];
    const hooks = registerHooks({
      load: (url, context, next) => {
        loaded.push(url);
        return next(url, context);
      },
    });
    try {
      assert.equal(custody.storeFor('cng').provider, 'cng:Microsoft%20Software%20Key%20Storage%20Provider');
      await custody.generate('software:unloaded', 'ec-p256');
      assert.equal(loaded.length, 0);
      await custody.destroy('cng:Microsoft%20Software%20Key%20Storage%20Provider:unloaded');
      assert.ok(loaded.some((url) => url.endsWith('/custody/cng/store.ts')));
    } finally {
      hooks.deregister();
    }
  });

  it('finds a key by its handle, wherever it was made', async () => {
    const handles = [];
    for (const provider of ['software', 'cng', 'Microsoft Platform Crypto Provider']) {
      const handle = `${custody.storeFor(provider).provider}:r-1`;
      await custody.generate(handle, 'ec-p256');
      await custody.generate(handle, 'ec-p256');
      handles.push(handle);
    }
    assert.deepEqual(handles, [
      'software:r-1',
      'cng:Microsoft%20Software%20Key%20Storage%20Provider:r-1',
      'cng:Microsoft%20Platform%20Crypto%20Provider:r-1',
    ]);
    assert.equal(host.current().length, 2);
    const publicKeys = await Promise.all(handles.map(async (handle) => (await custody.open(handle)).publicKey));
    assert.equal(new Set(publicKeys.map((key) => Buffer.from(key).toString('hex'))).size, 3);
    for (const handle of handles) await custody.destroy(handle);
    for (const handle of handles) assert.equal(await codeOf(custody.open(handle)), 'KEY_NOT_FOUND', handle);
    assert.deepEqual(host.current(), []);
  });

  it('knows no handle of a store that there is not', async () => {
    for (const handle of ['', 'r-1', 'pkcs11:r-1', 'softwarer-1', 'cng:r-1']) {
      assert.equal(await codeOf(custody.open(handle)), 'KEY_NOT_FOUND', handle);
      assert.equal(await codeOf(custody.destroy(handle)), 'KEY_NOT_FOUND', handle);
      assert.equal(await codeOf(custody.generate(handle, 'ec-p256')), 'KEY_NOT_FOUND', handle);
    }
  });

  it('asks for the host’s providers only when one of their keys is used', async () => {
    const noHost = (): Promise<never> => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'no host'));
    const alone = createKeyCustody({ software, hostKeys: noHost });
    await alone.generate('software:alone', 'ec-p256');
    assert.equal((await alone.open('software:alone')).algorithm, 'ES256');
    assert.equal(await codeOf(alone.generate('cng:P:alone', 'ec-p256')), 'WIN_NOT_WINDOWS');
  });
});
