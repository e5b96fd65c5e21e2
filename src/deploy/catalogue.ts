import { EverbindError } from '../errors/error.ts';
import type { DeploymentType } from './deployment-type.ts';
import { iis } from './iis/definition.ts';
import { iisFtp } from './iis-ftp/definition.ts';

type AnyDeploymentType = DeploymentType<'nothing'> | DeploymentType<'iis'>;

/** Deployment types by their words in everbind.yaml, in the order of the reference. */
export type DeploymentCatalogue = ReadonlyMap<string, AnyDeploymentType>;

/** Every type of the program. A definition says what a type is; the code that does the work is loaded by `create` alone. */
export const BUILT_IN: readonly AnyDeploymentType[] = [iis, iisFtp];

export function createCatalogue(types: readonly AnyDeploymentType[]): DeploymentCatalogue {
  return new Map(types.map((type) => [type.type, type]));
}

export const builtInCatalogue = createCatalogue(BUILT_IN);

/** Throws STORE_NEWER: the configuration is checked, so a word that is not known was written into the database by another version. */
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
