import * as z from 'zod';
import type { DeploymentCatalogue } from '../../deploy/catalogue.ts';
import * as values from './values.ts';

/** A mapping with `type` and the settings that this type of the catalogue has. */
export function deploymentSchema(catalogue: DeploymentCatalogue): z.ZodType<{ readonly type: string }> {
  const expected = `a mapping with type: ${[...catalogue.keys()].join(' or ')}`;
  const [first, ...others] = [...catalogue.values()].map((type) => {
    const { description } = type;
    return values.section({ type: z.literal(type.type).meta({ description }), ...type.settings(values) }, expected);
  });
  if (first === undefined) throw new Error('the catalogue of deployments is empty');
  return z.discriminatedUnion('type', [first, ...others], expected);
}
