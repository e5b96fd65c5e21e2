import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { createKeyProviders, type KeyProviderOptions, type SimKeys } from '../../../lab/sim-windows/key-providers.ts';
import { WindowsError } from '../../../src/errors/error.ts';
import type { HostKeys } from '../../../src/ports/host-keys.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { type CaAddress, openEngine } from '../support/state.ts';
import { serveTokens } from '../support/token-folder.ts';

// Renewals whose keys are in key storage providers: which provider, which key, and what becomes of them when something
// is wrong with it.

const SOFTWARE = 'Microsoft Software Key Storage Provider';
const PLATFORM = 'Microsoft Platform Crypto Provider';
const DEVICE_NOT_READY = 0x80090030;

let pebble: Pebble;
let ca: CaAddress;
let stopTokens: () => Promise<void>;
const folders = new Set<string>();

before(async () => {
  pebble = await startPebble();
  ca = { directoryUrl: pebble.directoryUrl, listenerCaPem: pebble.listenerCaPem, rootPem: await pebble.rootPem() };
  stopTokens = await serveTokens(pebble.httpPort, () => [...folders].map((folder) => join(folder, 'tokens')));
});
after(async () => {
  await stopTokens();
  await pebble.stop();
});

interface Run {
  readonly keys: SimKeys;
  /** Renews what is due, or all of it. `key`: YAML. `host`: the providers, if they are to be others than `keys`. */
  renew(key: string, options?: { readonly force?: boolean; readonly host?: HostKeys }): Promise<Outcome>;
  /**
   * Handles of the certificate's keys by the state of what was issued for them; renewals that came to nothing: `none`.
   */
  handles(status: string): Promise<readonly string[]>;
  /** How many orders the CA was asked for. */
  ordered(): number;
  /** Thumbprints of all certificates that the database holds, in the order of their issuance. */
  issued(): Promise<readonly string[]>;
  /** Handles of all keys that the database holds. */
  sealed(): Promise<readonly string[]>;
}

async function withRun(work: (run: Run) => Promise<void>, options: KeyProviderOptions = {}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-providers-'));
  folders.add(folder);
  const keys = createKeyProviders(options);
  let orders = 0;
  const counting =
    (transport: Transport): Transport =>
    async (request, signal) => {
      if (request.url.endsWith('/order-plz')) orders += 1;
      return transport(request, signal);
    };
  try {
    await work({
      keys,
      ordered: () => orders,
      renew: async (key, { force = false, host = keys } = {}) => {
        const { engine, apply, close } = await openEngine(folder, ca, { hostKeys: host, transport: counting });
        try {
          await apply(
            `[{ name: shop, names: [shop.keys.test], key: ${key}, deployments: [{ type: iis }], keepOld: 0 }]`,
          );
          const outcomes: Outcome[] = [];
          const selection = { names: ['shop'], force };
          await engine.renew(selection, (outcome) => outcomes.push(outcome), new AbortController().signal);
          assert.equal(outcomes.length, 1, 'nothing was worked on');
          return outcomes[0] as Outcome;
        } finally {
          await close();
        }
      },
      sealed: async () => {
        const { state, close } = await openEngine(folder, ca);
        const rows = state.store.read((db) => db.prepare('SELECT handle FROM custody_keys ORDER BY handle').all());
        await close();
        return rows.map((row) => row['handle'] as string);
      },
      issued: async () => {
        const { state, close } = await openEngine(folder, ca);
        const rows = state.store.read((db) => db.prepare('SELECT thumbprint FROM issued ORDER BY id').all());
        await close();
        return rows.map((row) => row['thumbprint'] as string);
      },
      handles: async (status) => {
        const { state, close } = await openEngine(folder, ca, { hostKeys: keys });
        const rows = state.store.read((db) =>
          status === 'none'
            ? db.prepare('SELECT key_handle FROM renewal WHERE issued_id IS NULL ORDER BY started_at').all()
            : db.prepare('SELECT key_handle FROM issued WHERE status = ? ORDER BY id').all(status),
        );
        await close();
        return rows.map((row) => row['key_handle'] as string);
      },
    });
  } finally {
    folders.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

const failedWith = (outcome: Outcome): string => (outcome.kind === 'failed' ? outcome.code : outcome.kind);

describe('renewals with keys in providers', () => {
  it('a certificate whose provider changed is due at once; the old key is destroyed where it was', async () => {
    await withRun(async ({ keys, renew, handles, sealed }) => {
      assert.equal((await renew('{ provider: software }')).kind, 'renewed');
      assert.equal((await sealed()).length, 3);
      assert.equal((await renew('{ provider: cng }')).kind, 'renewed');
      // The account's and the audit log's: of the certificate's key nothing is here.
      assert.match((await sealed()).join(' '), /^software:account-[0-9a-f]+ software:audit$/);
      assert.deepEqual(
        keys.current().map((name) => name.split('/')[0]),
        [SOFTWARE],
      );
      assert.equal((await renew(`{ provider: ${PLATFORM} }`)).kind, 'renewed');
      assert.deepEqual(
        keys.current().map((name) => name.split('/')[0]),
        [PLATFORM],
      );
      assert.match((await handles('active'))[0] ?? '', /^cng:Microsoft%20Platform%20Crypto%20Provider:r-[0-9a-f]{16}$/);
      assert.equal((await renew('{ provider: software }')).kind, 'renewed');
      assert.deepEqual(keys.current(), []);
    });
  });

  it('keeps a key for the next certificate in its provider, but not for another provider', async () => {
    await withRun(async ({ keys, renew, handles }) => {
      const kept = '{ provider: cng, reuse: true }';
      await renew(kept);
      const [first] = await handles('active');
      assert.equal((await renew(kept, { force: true })).kind, 'renewed');
      assert.deepEqual(await handles('active'), [first]);
      assert.equal(keys.current().length, 1);
      assert.equal((await renew(`{ provider: ${PLATFORM}, reuse: true }`)).kind, 'renewed');
      assert.notDeepEqual(await handles('active'), [first]);
    });
  });

  it('makes a new key when the one to be kept is gone', async () => {
    await withRun(async ({ keys, renew, handles }) => {
      const kept = '{ provider: cng, reuse: true }';
      await renew(kept);
      const [first = ''] = await handles('active');
      const name = first.slice(first.lastIndexOf(':') + 1);
      await keys.remove({ provider: SOFTWARE, name: `everbind-${name}` });
      assert.equal((await renew(kept, { force: true })).kind, 'renewed');
      assert.notDeepEqual(await handles('active'), [first]);
    });
  });

  it('says which providers there are when the configured one is not, and goes on once it is', async () => {
    await withRun(async ({ keys, renew, handles }) => {
      const outcome = await renew('{ provider: Acme HSM Provider }');
      assert.equal(failedWith(outcome), 'KEY_PROVIDER_UNKNOWN');
      assert.ok(outcome.kind === 'failed' && outcome.message.includes(PLATFORM));
      await renew('{ provider: Acme HSM Provider }', { force: true });
      assert.equal((await handles('none')).length, 1, 'each attempt began another renewal');
      assert.equal((await renew('{ provider: cng }')).kind, 'renewed');
      assert.equal(keys.current().length, 1);
    });
  });

  it('an algorithm that the provider does not have fails before anything is ordered', async () => {
    await withRun(async ({ keys, renew }) => {
      const outcome = await renew(`{ provider: ${PLATFORM}, algorithm: ec-p384 }`);
      assert.equal(failedWith(outcome), 'KEY_ALGORITHM_UNSUPPORTED');
      assert.deepEqual(keys.current(), []);
      assert.equal((await renew(`{ provider: ${PLATFORM}, algorithm: ec-p256 }`)).kind, 'renewed');
    });
  });

  it('an RSA key that cannot sign with RSA-PSS is refused before anything is ordered', async () => {
    await withRun(async ({ keys, renew, issued, ordered }) => {
      const outcome = await renew(`{ provider: ${PLATFORM}, algorithm: rsa-2048 }`);
      assert.equal(failedWith(outcome), 'KEY_NOT_POSSESSED');
      assert.ok(outcome.kind === 'failed' && outcome.message.includes('use ec-p256 with this provider'));
      assert.equal(ordered(), 0);
      assert.deepEqual(await issued(), []);
      assert.equal((await renew(`{ provider: ${PLATFORM}, algorithm: ec-p256 }`)).kind, 'renewed');
      assert.equal(ordered(), 1);
      assert.equal(keys.current().length, 1, 'the RSA key is still there');
    });
  });

  it('an RSA key of a TPM that signs with RSA-PSS as TLS 1.3 wants it is used', async () => {
    await withRun(
      async ({ renew }) => {
        assert.equal((await renew(`{ provider: ${PLATFORM}, algorithm: rsa-2048 }`)).kind, 'renewed');
      },
      { tpmPss: 'digest-salt' },
    );
  });

  it('goes on with the same key once a device that was away is back', async () => {
    await withRun(async ({ keys, renew, handles }) => {
      const away: HostKeys = {
        ...keys,
        sign: () => Promise.reject(new WindowsError('NCryptSignHash', DEVICE_NOT_READY)),
      };
      assert.equal(failedWith(await renew('{ provider: cng }', { host: away })), 'KEY_PROVIDER_NOT_READY');
      const [made] = keys.current();
      assert.equal((await renew('{ provider: cng }', { force: true })).kind, 'renewed');
      assert.deepEqual(keys.current(), [made]);
      assert.deepEqual(await handles('failed'), []);
    });
  });

  for (const [status, said] of [
    [0x80090016, null],
    [0x80090030, 0x80090030],
  ] as const) {
    const hex = `0x${status.toString(16)}`;
    it(`an ordered certificate outlives a device that goes away and answers ${hex}`, async () => {
      await withRun(async ({ keys, renew, handles, issued }) => {
        const platform = `{ provider: ${PLATFORM} }`;
        // It goes away once it has signed the request.
        const leaving: HostKeys = {
          ...keys,
          sign: async (key, algorithm, data) => {
            const signature = await keys.sign(key, algorithm, data);
            await keys.away(PLATFORM, status);
            return signature;
          },
        };
        assert.equal(failedWith(await renew(platform, { host: leaving })), 'KEY_PROVIDER_NOT_READY');
        const [made = ''] = keys.current();
        const name = { provider: PLATFORM, name: made.slice(PLATFORM.length + 1) };
        const looked = keys.publicKey(name).catch((error: unknown) => (error as WindowsError).status);
        assert.equal(await looked, said, 'the double does not answer as it was told');
        const [first, ...more] = await issued();
        assert.deepEqual(more, []);
        assert.equal(failedWith(await renew(platform, { force: true })), 'KEY_PROVIDER_NOT_READY');
        await keys.back(PLATFORM);
        assert.equal((await renew(platform, { force: true })).kind, 'renewed');
        assert.deepEqual(await issued(), [first], 'another certificate was ordered');
        assert.deepEqual(keys.current(), [made]);
        assert.equal((await handles('active')).length, 1);
      });
    });
  }

  it('begins anew when a device has lost the key of an ordered certificate', async () => {
    await withRun(async ({ keys, renew, handles, issued }) => {
      const platform = `{ provider: ${PLATFORM} }`;
      const cleared: HostKeys = {
        ...keys,
        sign: async (key, algorithm, data) => {
          const signature = await keys.sign(key, algorithm, data);
          await keys.remove(key);
          return signature;
        },
      };
      assert.equal(failedWith(await renew(platform, { host: cleared })), 'KEY_NOT_FOUND');
      assert.deepEqual(keys.current(), []);
      assert.equal((await renew(platform, { force: true })).kind, 'renewed');
      assert.equal((await issued()).length, 2);
      assert.equal((await handles('active')).length, 1);
      assert.equal(keys.current().length, 1);
    });
  });

  it('begins anew when the key of a certificate that was issued is gone before it is installed', async () => {
    await withRun(async ({ keys, renew, handles }) => {
      let signed = 0;
      // The first signature is that of the request; the second would show possession.
      const forgetful: HostKeys = {
        ...keys,
        sign: async (key, algorithm, data) => {
          signed += 1;
          if (signed === 2) await keys.remove(key);
          return keys.sign(key, algorithm, data);
        },
      };
      assert.equal(failedWith(await renew('{ provider: cng }', { host: forgetful })), 'KEY_NOT_FOUND');
      assert.equal((await handles('failed')).length, 1);
      assert.equal((await renew('{ provider: cng }', { force: true })).kind, 'renewed');
      assert.equal((await handles('active')).length, 1);
      assert.deepEqual(await handles('failed'), []);
      assert.equal(keys.current().length, 1);
    });
  });
});
