import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { macKeyOf } from '../acme/jose/external-account.ts';
import { loadConfig } from '../config/load.ts';
import type { IssuerConfig } from '../config/types.ts';
import { masterKeyFile } from '../custody/sealing/master-key-file.ts';
import { createSealer } from '../custody/sealing/sealer.ts';
import { createSecrets } from '../custody/sealing/secrets.ts';
import { EverbindError } from '../errors/error.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { withReadOnlyStore } from './read-state.ts';
import { databaseFile } from './state.ts';

/**
 * Checks the HMAC keys that issuers refer to and that are stored here. One that is absent, or that this process cannot
 * open, is not judged. Throws SECRET_INVALID.
 */
export async function checkExternalKeys(
  paths: AgentPaths,
  environment: Environment,
  issuers: readonly IssuerConfig[],
): Promise<void> {
  const references = issuers.flatMap(({ externalAccountBinding: binding }) => binding?.hmacKey ?? []);
  if (references.length === 0 || !existsSync(databaseFile(paths.stateDir))) return;
  await withReadOnlyStore(paths, environment, async (store) => {
    const { clock } = environment;
    const sealer = createSealer({ store, protector: masterKeyFile(join(paths.stateDir, 'master.key')), clock });
    const { resolveSecret } = createSecrets({ store, sealer, clock });
    for (const reference of references) {
      const value = await resolveSecret(reference).catch((error: unknown) => {
        if (error instanceof EverbindError) return null;
        throw error;
      });
      if (value !== null) macKeyOf(reference, value);
    }
  });
}

/** Whether a value can be what the configuration uses this secret for. Throws SECRET_INVALID. */
export async function checkSecretValue(
  { configFile }: AgentPaths,
  { deploymentCatalogue }: Environment,
  name: string,
  value: string,
): Promise<void> {
  // A file that is not right yet keeps nobody from storing what it will refer to.
  const config = await loadConfig(configFile, deploymentCatalogue).catch((error: unknown) => {
    if (error instanceof EverbindError) return null;
    throw error;
  });
  const reference = `secret:${name}`;
  if (config?.issuers.some(({ externalAccountBinding: binding }) => binding?.hmacKey === reference) === true) {
    macKeyOf(reference, value);
  }
}
