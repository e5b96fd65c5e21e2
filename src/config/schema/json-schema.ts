import * as z from 'zod';
import { builtInCatalogue } from '../../deploy/catalogue.ts';
import { fileSchema } from './schema.ts';

/**
 * JSON Schema (draft 7, which editors know best) of everbind.yaml. It covers the shape; what joins several values (names that must be
 * unique, challenges that must fit) is checked by loadConfig alone.
 */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema(builtInCatalogue), {
    target: 'draft-7',
    io: 'input',
    override: restoreMeta,
  });
  return {
    $schema,
    title: 'everbind.yaml',
    description: 'Configuration of Everbind: issuers, and the certificates to keep renewed.',
    ...rest,
  };
}

/** zod leaves out default and examples above a value that is converted; ours are written as they stand in the file. */
function restoreMeta({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  const meta = z.globalRegistry.get(zodSchema);
  if (meta?.['default'] !== undefined) jsonSchema.default = meta['default'];
  if (meta?.['examples'] !== undefined) jsonSchema.examples = meta['examples'] as unknown[];
}
