import { runCommand } from '../run-command.ts';
import type { ChangedDouble } from './old-belief.ts';

/** How a named test ended. `absent`: it did not run. */
export type TestEnd = 'passed' | 'failed' | 'absent';

const TIME_LIMIT_MS = 180_000;

/**
 * Runs one test of a file by its exact title, with doubles switched back to old beliefs. What happened is read from
 * what the runner of Node reports (TAP), not from its exit status: a pattern that fits no test passes too.
 */
export async function runTest(file: string, title: string, switchedBack: readonly ChangedDouble[]): Promise<TestEnd> {
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${TIME_LIMIT_MS}`];
  const { stdout } = await runCommand(process.execPath, [...args, `--test-name-pattern=${exactly(title)}`, file], {
    env: { ...withoutTestContext(), EVERBIND_LAB_OLD_BELIEF: switchedBack.join(',') },
  });
  return endOf(stdout, title);
}

/** The end of the test of this title in a TAP report; one that fails anywhere has failed. */
export function endOf(tap: string, title: string): TestEnd {
  const ends = tap.split('\n').flatMap((line) => {
    const [, not, name, directive = ''] = /^\s*(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$/.exec(line) ?? [];
    return name === escaped(title) && directive === '' ? [not === undefined] : [];
  });
  if (ends.length === 0) return 'absent';
  return ends.every((passed) => passed) ? 'passed' : 'failed';
}

// TAP escapes these two in names.
function escaped(title: string): string {
  return title.replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}

function exactly(title: string): string {
  return `${title.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`;
}

// Inside a test runner, a second one would report to the first.
function withoutTestContext(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  return rest;
}
