import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { readConfigFile } from '../config/read.ts';
import { createKeyCustody } from '../custody/custody.ts';
import { createSoftwareKeyStore } from '../custody/software/store.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { applyConfig } from '../renewal/engine/apply-config.ts';
import { createEngine, type Engine } from '../renewal/engine/engine.ts';
import { previewOrder } from '../renewal/issuers/acme/order/preview.ts';
import { copyWithoutLog } from '../store/copy-database.ts';
import { openStore } from '../store/store.ts';
import { requireTrustedPath } from '../store/trusted-path.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { type HostParts, openHostParts } from './host-parts.ts';
import { shareHost } from './shared-host.ts';
import { databaseFile, requireTrustedState } from './state.ts';

/**
 * The engine over a private copy of the database, with the configuration as it stands now: whatever it writes is thrown
 * away, so a dry run cannot change anything. It has no keys and no connection to a CA.
 */
export async function withDryRunEngine<T>(
  paths: AgentPaths,
  environment: Environment,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  requireTrustedPath(paths.configFile);
  await requireTrustedState(paths.stateDir, environment, { make: false });
  const { fingerprint } = await readConfigFile(paths.configFile);
  const folder = await privateFolder(environment);
  const shared = shareHost(environment, () => {
    throw new Error('a dry run changes nothing');
  });
  let host: HostParts | null = null;
  try {
    const path = join(folder, 'everbind.db');
    const original = databaseFile(paths.stateDir);
    if (existsSync(original)) copyWithoutLog(original, path);
    const store = openStore({ path, clock: environment.clock });
    try {
      store.signWith(throwAwaySigner());
      await applyConfig(store, fingerprint, environment.clock.now(), () =>
        loadConfig(paths.configFile, environment.deploymentCatalogue),
      );
      const refuse = (): Promise<never> => Promise.reject(new Error('a dry run has no keys and no CA'));
      const engine = createEngine({
        store,
        clock: environment.clock,
        random: environment.random,
        keys: createKeyCustody({
          software: createSoftwareKeyStore({
            store,
            sealer: { seal: refuse, unseal: refuse },
            clock: environment.clock,
          }),
          hostKeys: refuse,
        }),
        prepare: async () => {
          host ??= await openHostParts(environment, shared, store);
        },
        openIssuers: refuse,
        checkIssued: refuse,
        deploymentFor: async (config, certificate) => {
          if (host === null) throw new Error('the engine has not prepared the host');
          return host.deploymentFor(config, certificate);
        },
        previewOrder: async (certificate) => store.read((db) => previewOrder(db, certificate, environment.clock.now())),
      });
      return await work(engine);
    } finally {
      await shared.close();
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The copy holds what the state folder keeps from others. */
async function privateFolder({ ensurePrivateFolder }: Environment): Promise<string> {
  const prefix = join(tmpdir(), 'everbind-dry-run-');
  if (ensurePrivateFolder === undefined) return mkdtemp(prefix);
  const folder = `${prefix}${randomBytes(16).toString('hex')}`;
  await ensurePrivateFolder(folder);
  return folder;
}

function throwAwaySigner(): CheckpointSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    name: 'dry-run',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
    sign: (data) => sign(null, data, privateKey),
  };
}
