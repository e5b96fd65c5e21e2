import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

// Runs the product against real inputs that none of us wrote: npm run corpus [-- GROUP… --list]. Each module in this
// folder is a group.

/** One case of a group. `run` throws when the product does not do what it should. */
export interface CorpusCase {
  readonly name: string;
  /** Why a difference here is reported but no failure. */
  readonly soft?: string;
  run(): void | Promise<void>;
}

interface CorpusGroup {
  cases(corpus: string): AsyncIterable<CorpusCase>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: 'boolean', default: false } },
});
const corpus = path.resolve(
  process.env['EVERBIND_CORPUS'] ?? path.join(import.meta.dirname, '..', '..', '..', 'shared', 'data'),
);

if (existsSync(corpus)) {
  process.exitCode = await runAll();
} else {
  console.log(`No corpus: ${corpus} does not exist. Set EVERBIND_CORPUS to the folder with the real inputs.`);
  // In CI it is there; its absence would be mistaken for success.
  process.exitCode = process.env['CI'] ? 1 : 0;
}

async function runAll(): Promise<number> {
  const known = (await readdir(import.meta.dirname))
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
    .map((file) => file.slice(0, -3))
    .sort();
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.log(`No such group: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
    return 2;
  }
  let passed = 0;
  let failed = 0;
  for (const name of positionals.length > 0 ? positionals : known) {
    const group = (await import(`./${name}.ts`)) as CorpusGroup;
    const result = await runGroup(name, group);
    passed += result.passed;
    failed += result.failed;
  }
  if (values.list) return 0;
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

async function runGroup(group: string, module: CorpusGroup): Promise<{ passed: number; failed: number }> {
  const started = performance.now();
  const count = { passed: 0, failed: 0, soft: 0 };
  try {
    for await (const entry of module.cases(corpus)) {
      if (values.list)
        console.log(`${group}/${entry.name}${entry.soft === undefined ? '' : `  (soft: ${entry.soft})`}`);
      else await runCase(group, entry, count);
    }
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    // A corpus may have only some of the folders; one that breaks off in the middle is broken.
    if (!absent || count.passed + count.failed + count.soft > 0) {
      count.failed += 1;
      console.log(`FAILED ${group}: ${describe(error)}`);
    }
  }
  if (values.list) return count;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const total = count.passed + count.failed + count.soft;
  const figures = `${count.passed} passed, ${count.failed} failed, ${count.soft} soft differences, ${seconds} s`;
  console.log(`${group}: ${total === 0 ? 'nothing in this corpus' : figures}`);
  return count;
}

async function runCase(
  group: string,
  entry: CorpusCase,
  count: { passed: number; failed: number; soft: number },
): Promise<void> {
  try {
    await entry.run();
    count.passed += 1;
  } catch (error) {
    if (entry.soft === undefined) {
      count.failed += 1;
      console.log(`FAILED ${group}/${entry.name}: ${describe(error)}`);
    } else {
      count.soft += 1;
      console.log(`differs (${entry.soft}) ${group}/${entry.name}: ${describe(error)}`);
    }
  }
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n').slice(0, 12).join('\n    ');
}
