import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Plants something in the tree at `root` that a measure must see. */
type Defect = (root: string) => void;

/** By the name of the option --sabotage. */
export const defects: Readonly<Record<string, Defect>> = {
  circle: (root) => {
    write(
      root,
      'src/store/planted-one.ts',
      "import type { Two } from './planted-two.ts';\nexport type One = Two | 1;\n",
    );
    write(
      root,
      'src/store/planted-two.ts',
      "import type { One } from './planted-one.ts';\nexport type Two = One | 2;\n",
    );
  },
  'long-chain': (root) => {
    for (let level = 0; level < 20; level += 1) {
      const below = level === 0 ? '' : `import { f${level - 1} } from './f${level - 1}.ts';\n`;
      write(
        root,
        `src/renewal/planted/f${level}.ts`,
        `${below}export const f${level} = ${below === '' ? 0 : `f${level - 1}`};\n`,
      );
    }
  },
  'large-folder': (root) => {
    for (let file = 0; file < 30; file += 1)
      write(root, `src/store/planted/f${file}.ts`, `export const f = ${file};\n`);
  },
  'second-writer-of-due': (root) => plantSql(root, 'UPDATE certificate SET failures = 0, next_due = ? WHERE id = ?'),
  'second-writer-of-table': (root) => plantSql(root, 'DELETE FROM custody_secrets WHERE name = ?'),
  'computed-table': (root) => plantSql(root, 'UPDATE ${name} SET sealed = ?'),
  'row-casts': (root) => {
    const cast = (index: number): string =>
      `export const f${index} = (db: DatabaseSync) => db.prepare('SELECT name FROM account').all().map((row) => row['name'] as string);\n`;
    const text = Array.from({ length: 20 }, (_, index) => cast(index)).join('');
    write(root, 'src/renewal/planted.ts', `import type { DatabaseSync } from 'node:sqlite';\n${text}`);
  },
  'scattered-renewal': (root) => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    for (const name of names)
      write(root, `src/renewal/planted/${name}.ts`, `export function ${name}(): number {\n  return 1;\n}\n`);
    const program = join(root, 'src', 'cli', 'main.ts');
    const imports = names.map((name) => `import { ${name} } from '../renewal/planted/${name}.ts';\n`).join('');
    const [hashbang = '', ...lines] = readFileSync(program, 'utf8').split('\n');
    writeFileSync(program, [hashbang, imports, ...lines, names.map((name) => `${name}();`).join('\n')].join('\n'));
  },
};

/** Runs the work on a copy of the tree with the defect; on the tree itself when none is named. */
export async function withDefect<T>(
  root: string,
  name: string | undefined,
  work: (root: string) => Promise<T>,
): Promise<T> {
  if (name === undefined) return work(resolve(root));
  const copy = mkdtempSync(join(tmpdir(), 'everbind-architecture-'));
  try {
    for (const folder of ['src', 'lab']) cpSync(join(root, folder), join(copy, folder), { recursive: true });
    for (const file of readdirSync(root).filter((each) => each.endsWith('.json')))
      cpSync(join(root, file), join(copy, file));
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(copy, 'node_modules'), 'junction');
    defects[name]?.(copy);
    return await work(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function plantSql(root: string, sql: string): void {
  write(root, 'src/overview/planted.ts', `export const planted = (name: string): string => name + \`${sql}\`;\n`);
}

function write(root: string, path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
