import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../lab/run-command.ts';

/** A copy of the tree in which tests run. */
export interface Bench {
  /** The first of these test files that fails, when `path` has this text; null: none does. */
  firstToFail(path: string, text: string, tests: readonly string[]): Promise<string | null>;
  remove(): Promise<void>;
}

/** What tests need of the tree. */
const COPIED = [
  'src',
  'test',
  'lab',
  'tools',
  'bench',
  'docs',
  'package.json',
  'tsconfig.json',
  'README.md',
  'CHANGELOG.md',
];
/** A mutant that waits for ever is noticed too. */
const TIME_LIMIT_MS = 120_000;

export async function openBench(root: string): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-mutants-'));
  for (const name of COPIED) {
    await cp(join(root, name), join(folder, name), { recursive: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    firstToFail: async (path, text, tests) => {
      const file = join(folder, path);
      const original = await readFile(file, 'utf8');
      await writeFile(file, text);
      try {
        for (const test of tests) if (!(await passes(folder, test))) return test;
        return null;
      } finally {
        await writeFile(file, original);
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A file in which no test ran has not passed. */
async function passes(folder: string, test: string): Promise<boolean> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${TIME_LIMIT_MS}`, test];
  const { exitCode, stdout } = await runCommand(process.execPath, args, { cwd: folder, env });
  const [, passed = '0'] = /^# pass (\d+)$/m.exec(stdout) ?? [];
  return exitCode === 0 && Number(passed) > 0;
}
