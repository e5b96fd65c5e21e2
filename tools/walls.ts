import { fileURLToPath } from 'node:url';
import { mustRun } from '../lab/run-command.ts';
import { devProgram } from './dev-program.ts';

/**
 * Checks the walls between rooms (.depcruise.cjs). A checker that sees nothing finds nothing, so the number of modules
 * is compared with the files that git knows.
 */
export async function checkWalls(root = '.'): Promise<void> {
  const files = (
    await mustRun('git', ['-C', root, 'ls-files', '--cached', '--others', '--exclude-standard', 'src/*.ts', 'lab/*.ts'])
  )
    .split('\n')
    .filter((line) => line !== '');
  const result = await devProgram(
    'depcruise',
    ['--config', fileURLToPath(new URL('../.depcruise.cjs', import.meta.url)), '--output-type', 'json', 'src', 'lab'],
    root,
  );
  const report = JSON.parse(result.stdout) as {
    modules: { source: string; dependencies: unknown[] }[];
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  const seen = new Set(report.modules.map((module) => module.source));
  const missed = files.filter((file) => !seen.has(file));
  const edges = report.modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (missed.length > 0 || edges < files.length / 2) {
    throw new Error(
      `the wall checker saw ${seen.size} modules and ${edges} imports; it missed ${missed.join(', ') || 'imports'}`,
    );
  }
  for (const violation of report.summary.violations) {
    console.error(`wall ${violation.rule.name}: ${violation.from} -> ${violation.to}`);
  }
  if (report.summary.violations.length > 0)
    throw new Error(`${report.summary.violations.length} imports through a wall`);
  console.log(`walls: ${files.length} modules, ${edges} imports, none through a wall`);
}

if (import.meta.main) await checkWalls();
