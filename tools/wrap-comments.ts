import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { mustRun } from '../lab/run-command.ts';
import { overlongComments, wrapComments } from './line-width/comments.ts';
import { overlongMarkdown, WIDTH, wrapMarkdown } from './line-width/reflow.ts';

const help = `node tools/wrap-comments.ts [--write] [PATH…]

Finds comments of TypeScript and lines of Markdown of more than ${WIDTH} columns, in files that git knows below the paths
(default: everything). With --write it fills their paragraphs. Tables, code and words that cannot be broken are left.
`;

const PLACES = ['src/**/*.ts', 'lab/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'tools/**/*.ts', '**/*.md'];

/** Fails when a comment or a line of Markdown has more than 120 columns and could be broken. */
export async function checkLineWidth(root = '.'): Promise<void> {
  const files = await filesBelow(root, []);
  if (!files.some((file) => file.endsWith('.ts')) || !files.some((file) => file.endsWith('.md'))) {
    throw new Error('no TypeScript or no Markdown was found');
  }
  const places: string[] = [];
  for (const file of files) {
    const text = await readFile(`${root}/${file}`, 'utf8');
    places.push(...overlong(file, text).map((line) => `${file}:${line}`));
  }
  if (places.length > 0) {
    throw new Error(
      `${places.length} lines of comments or Markdown have more than ${WIDTH} columns (node tools/wrap-comments.ts --write):\n${places.join('\n')}`,
    );
  }
}

function overlong(file: string, text: string): readonly number[] {
  return file.endsWith('.ts') ? overlongComments(text) : overlongMarkdown(text);
}

async function filesBelow(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const globs = PLACES.map((place) => `:(glob)${place}`);
  const listed = await mustRun('git', ['-C', root, 'ls-files', '--cached', '--others', '--exclude-standard', ...globs]);
  return (
    listed
      .split('\n')
      // Git still lists what was just removed.
      .filter((file) => file !== '' && existsSync(`${root}/${file}`))
      .filter((file) => paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path}/`)))
  );
}

if (import.meta.main) {
  const given = process.argv.slice(2);
  const paths = given.filter((word) => !word.startsWith('-')).map((path) => path.replace(/\/$/, ''));
  const write = given.includes('--write');
  if (given.some((word) => word.startsWith('-') && word !== '--write')) {
    process.stderr.write(help);
    process.exitCode = 2;
  } else {
    for (const file of await filesBelow('.', paths)) {
      const text = await readFile(file, 'utf8');
      const lines = overlong(file, text);
      for (const line of lines) console.log(`${file}:${line}`);
      if (write && lines.length > 0) {
        await writeFile(file, file.endsWith('.ts') ? wrapComments(text) : wrapMarkdown(text));
      }
    }
  }
}
