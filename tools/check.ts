import { runCommand } from '../lab/run-command.ts';
import { devProgram } from './dev-program.ts';
import { checkBeliefsPage } from './beliefs-page.ts';
import { checkDnsPage } from './dns-page.ts';
import { checkErrorsPage } from './errors-page.ts';
import { checkGeneratedFiles } from './generate-schema.ts';
import { checkLockfile } from './lockfile.ts';
import { checkBothSides, checkWalls } from './walls.ts';
import { checkWaitingTable } from './waiting-table.ts';
import { checkLineWidth } from './wrap-comments.ts';

// Everything that judges the code without running it: formatter, types, linter, walls, unused code, generated pages.

const failures: string[] = [];

async function check(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    console.log(`ok   ${name}`);
  } catch (error) {
    failures.push(name);
    console.error(`FAIL ${name}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

function program(file: string, ...args: string[]): () => Promise<void> {
  return async () => {
    const result = await devProgram(file, args);
    if (result.exitCode !== 0) throw new Error(`${result.stdout}\n${result.stderr}`.trim());
  };
}

/** The line of figures is worth seeing even when all is well. */
async function checkArchitecture(): Promise<void> {
  const result = await runCommand(process.execPath, ['tools/architecture.ts']);
  if (result.exitCode !== 0) throw new Error(`${result.stdout}\n${result.stderr}`.trim());
  console.log(result.stdout.trim().split('\n').at(-1));
}

await check('lock file: every package has its integrity', checkLockfile);
await check('formatting (biome)', program('biome', 'format', '.'));
await check('types (tsc)', program('tsc'));
await check('lint (oxlint with type information)', program('oxlint', '--type-aware', '--deny-warnings'));
await check('walls between rooms', checkWalls);
await check('both sides of each wall', checkBothSides);
await check('shape of the program (architecture)', checkArchitecture);
await check('unused files, exports and dependencies (knip)', program('knip', '--no-progress'));
await check('comments and Markdown of 120 columns at most', checkLineWidth);
await check('error pages', checkErrorsPage);
await check('page of DNS providers', checkDnsPage);
await check('page of what is believed of Windows', checkBeliefsPage);
await check('table of what waits, and what ends it', checkWaitingTable);
await check('schema of everbind.yaml and its reference', checkGeneratedFiles);

if (failures.length > 0) {
  console.error(`checks failed: ${failures.join(', ')}`);
  process.exitCode = 1;
}
