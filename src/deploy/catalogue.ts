import { EverbindError } from '../errors/error.ts';
import type { DeploymentType } from './deployment-type.ts';
import { iis } from './iis/definition.ts';
import { iisFtp } from './iis-ftp/definition.ts';

type AnyDeploymentType = DeploymentType<'nothing'> | DeploymentType<'iis'>;

/** Deployment types by the word in everbind.yaml, in the order of the reference. */
export type DeploymentCatalogue = ReadonlyMap<string, AnyDeploymentType>;

/**
 * Every deployment type of the program. A definition describes a type; only `create` loads the code that does the work.
 */
export const BUILT_IN: readonly AnyDeploymentType[] = [iis, iisFtp];

export function createCatalogue(types: readonly AnyDeploymentType[]): DeploymentCatalogue {
  return new Map(types.map((type) => [type.type, type]));
}

export const builtInCatalogue = createCatalogue(BUILT_IN);

/**
 * Throws STORE_NEWER for an unknown word: the configuration is checked, so another version wrote it into the database.
 */
export function findDeploymentType(catalogue: DeploymentCatalogue, word: string): AnyDeploymentType {
  const found = catalogue.get(word);
  if (found !== undefined) return found;
  throw new EverbindError(
    'STORE_NEWER',
    `the database has a deployment of type ${word}, which this program does not know`,
    {
      type: word,
    },
  );
}
