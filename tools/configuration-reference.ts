/** As much of JSON Schema as the schema of everbind.yaml uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/**
 * Every key of the schema as Markdown: one table for each mapping. `defaults` has the keys of a certificate and is not
 * repeated.
 */
export function configurationReference(schema: Schema): string {
  const sections: string[] = [];
  describe('The file', schema, '', sections);
  return sections.join('\n');
}

function describe(title: string, schema: Schema, path: string, sections: string[]): void {
  const properties = Object.entries(schema.properties ?? {});
  const rows = properties.map(([key, property]) => row(key, property, schema.required?.includes(key) === true));
  sections.push(`### ${title}\n\n| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`);
  for (const [key, property] of properties) {
    // What it holds is described where it can stand alone.
    if ((path === '' && key === 'defaults') || key === 'of') continue;
    const element = property.type === 'array' ? property.items : property;
    const inside = `${path}${key}${property.type === 'array' ? '[]' : ''}`;
    if (element?.properties !== undefined) describe(`\`${inside}\``, element, `${inside}.`, sections);
    for (const option of element?.oneOf ?? []) {
      const type = String(option.properties?.['type']?.const);
      // The same keys as dns-01.
      if (type === 'dns-account-01') continue;
      describe(`\`${inside}\` with \`type: ${type}\``, option, `${inside}.`, sections);
    }
  }
}

function row(key: string, schema: Schema, required: boolean): string {
  const [example] = schema.examples ?? [];
  const meaning = [
    schema.description ?? '',
    ...(example === undefined ? [] : [`Example: ${code(yaml(example))}.`]),
  ].join(' ');
  const silent = schema.default === undefined ? '' : code(yaml(schema.default));
  return `| ${code(key)} | ${valueText(schema)} | ${required ? 'required' : silent} | ${meaning.trim().replaceAll('|', '\\|')} |`;
}

function valueText(schema: Schema): string {
  if (schema.const !== undefined) return code(yaml(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((word) => code(String(word))).join(', ');
  if (schema.oneOf !== undefined || schema.type === 'object') return 'mapping';
  if (schema.type === 'array') {
    const bounds = `${schema.minItems ?? 0} to ${schema.maxItems?.toLocaleString('en') ?? 'any number of'}`;
    return `list of ${bounds} ${schema.items?.type === 'string' ? 'texts' : 'mappings'}`;
  }
  if (schema.type === 'integer') return `whole number, ${schema.minimum} to ${schema.maximum}`;
  return schema.type === 'boolean' ? '`true` or `false`' : 'text';
}

/** As it would stand in the file. */
function yaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`;
  return typeof value === 'string' && !/^[A-Za-z0-9./\\][A-Za-z0-9 ./\\:@_-]*$/.test(value)
    ? `'${value}'`
    : String(value);
}

function code(text: string): string {
  return `\`${text}\``;
}
