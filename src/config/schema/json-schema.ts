import * as z from 'zod';
import { builtInCatalogue } from '../../deploy/catalogue.ts';
import { fileSchema } from './schema.ts';

/**
 * JSON Schema of everbind.yaml (draft 7, which editors know best). It covers the shape only. loadConfig checks what
 * spans several values: unique names, challenges that suit the names.
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

/**
 * zod drops `default` and `examples` of values that it converts. This restores them as they are written in the file.
 */
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
