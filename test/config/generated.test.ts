import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { configJsonSchema } from '../../src/config/schema/json-schema.ts';
import { generatedFiles } from '../../tools/generate-schema.ts';
import { read } from './read-text.ts';

const examples = new URL('../../examples/', import.meta.url);
const page = new URL('../../docs/configuration.md', import.meta.url);

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly description?: string;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
}

function keysOf(node: Node, path = ''): readonly (readonly [string, Node])[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    [`${path}${key}`, child] as const,
    ...keysOf(child, `${path}${key}.`),
  ]);
  const inside = [...(node.oneOf ?? []), ...(node.items === undefined ? [] : [node.items])];
  return [...below, ...inside.flatMap((child) => keysOf(child, path))];
}

describe('what is generated from the schema', () => {
  it('is committed as it is generated (node tools/generate-schema.ts --write)', async () => {
    for (const { url, committed, wanted } of await generatedFiles()) assert.equal(committed, wanted, url.pathname);
  });

  it('describes and documents every key', () => {
    const keys = keysOf(configJsonSchema());
    assert.ok(keys.length > 60, `${keys.length} keys`);
    const text = readFileSync(page, 'utf8');
    for (const [path, node] of keys) {
      assert.ok((node.description ?? '').length > 10, `${path} has no description`);
      const row = `| \`${path.split('.').at(-1)}\` |`;
      assert.ok(text.includes(row), `${path} is not in docs/configuration.md`);
    }
  });

  it('documents every warning', () => {
    const types = readFileSync(new URL('../../src/config/types.ts', import.meta.url), 'utf8');
    const codes = /readonly code:([^;]+);/.exec(types)?.[1]?.match(/'[a-z-]+'/g) ?? [];
    assert.ok(codes.length >= 4);
    const text = readFileSync(page, 'utf8');
    for (const code of codes) assert.ok(text.includes(`\`${code.slice(1, -1)}\``), code);
  });
});

describe('the examples', () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'));

  it('are there', () => {
    assert.deepEqual(files.sort(), ['everbind.yaml', 'one-server.yaml', 'several-issuers.yaml', 'wildcard-dns.yaml']);
  });

  for (const name of files) {
    it(`${name} is right`, () => {
      const url = new URL(name, examples);
      const config = read(readFileSync(url, 'utf8'), fileURLToPath(url));
      assert.ok(config.certificates.length > 0);
      const odd = config.warnings.filter(({ code }) => code !== 'program-missing');
      assert.deepEqual(odd, []);
    });
  }

  it('in the documentation is right', () => {
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(readFileSync(page, 'utf8')) ?? [];
    assert.equal(read(yaml).certificates.length, 1);
  });

  it('with every setting names every key of the schema, in a comment where it has to', () => {
    const text = readFileSync(new URL('everbind.yaml', examples), 'utf8');
    const unused = new Set(['allowInsecureLoopback', 'adoptForeignAppIds', 'port']);
    for (const [path] of keysOf(configJsonSchema())) {
      const key = path.split('.').at(-1) ?? '';
      assert.ok(unused.has(key) || text.includes(`${key}:`), key);
    }
  });
});
