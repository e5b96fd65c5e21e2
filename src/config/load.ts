import type { DeploymentCatalogue } from '../deploy/catalogue.ts';
import { readConfigFile } from './read.ts';
import type { Config } from './types.ts';

/**
 * Reads and checks a configuration file. Throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE, or CONFIG_INVALID (ConfigError,
 * with every problem as data). Only this function loads the parser and the schema: a caller that keeps the Config under
 * its fingerprint (readConfigFile) starts without them.
 */
export async function loadConfig(path: string, catalogue?: DeploymentCatalogue): Promise<Config> {
  const { octets, file } = await readConfigFile(path);
  const { parseConfig } = await import('./parse.ts');
  return parseConfig(octets, file, catalogue);
}
