import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circles, importGraph, longestChain } from './architecture/imports.ts';
import { filesOfOneRenewal } from './architecture/one-renewal.ts';
import { knowsDatabase, rowCasts } from './architecture/row-casts.ts';
import { defects, withDefect } from './architecture/sabotage.ts';
import { listFiles, readSource, type SourceFile } from './architecture/source-tree.ts';
import { declaredTables, sqlWrites, type SqlWrite } from './architecture/sql-writes.ts';

const help = `node tools/architecture.ts [--json] [--root DIR] [--no-renewal] [--sabotage NAME]

Measures the shape of the program from its code, and judges it by the goals below.

  --json           only the last line
  --root DIR       the tree to measure (default: this one)
  --no-renewal     without the renewal that counts executed files
  --sabotage NAME  plants a defect in a copy of the tree and measures that: ${Object.keys(defects).join(', ')}

The last line is one JSON object. Exit status: 0 all goals are met, 1 one is not, 2 wrong usage.
`;

/**
 * What is measured.
 *
 * - `rooms`: folders directly below src. `files`, `medianLines`, `maxLines`: of src.
 * - `circles`: rings of files of src that import each other. Every import counts, of types and dynamic ones too.
 * - `renewalLevels`: files in the longest chain of imports that stays inside src/renewal. Imports of types and dynamic
 *   ones count: that is the counting by which commit 7794bed had 19 (18 without dynamic imports, 9 without types).
 * - `largestFolder`: most .ts files directly in one folder of src or lab, catalogues excepted.
 * - `writersOfDue`: files whose SQL assigns certificate.next_due.
 * - `tablesWithSeveralWriters`: tables of src/store/sql that SQL of more than one file writes to. The schema itself
 *   does not count. A file that computes the name of a table counts as a writer of every table.
 * - `rowCasts`: casts of rows of the database, see rowCasts. Commit 7794bed had 160; 146 of its lines have one of the
 *   form `['column'] as`.
 * - `filesOfOneRenewal`: files of src/renewal with a function that ran when the program obtained one certificate by
 *   http-01, code at the top of a module excepted. Commit 7794bed had 47. null when it was not measured.
 */
export interface Measures {
  readonly rooms: number;
  readonly files: number;
  readonly medianLines: number;
  readonly maxLines: number;
  readonly circles: number;
  readonly renewalLevels: number;
  readonly largestFolder: number;
  readonly writersOfDue: number;
  readonly tablesWithSeveralWriters: number;
  readonly rowCasts: number;
  readonly filesOfOneRenewal: number | null;
}

const goals: Readonly<Partial<Record<keyof Measures, (value: number) => boolean>>> = {
  circles: (value) => value === 0,
  renewalLevels: (value) => value <= 8,
  largestFolder: (value) => value <= 25,
  writersOfDue: (value) => value === 1,
  tablesWithSeveralWriters: (value) => value === 0,
  rowCasts: (value) => value < 15,
  filesOfOneRenewal: (value) => value <= 38,
};

/** Folders whose files all have one shape: to look for one by its name is to find it, however many there are. */
const catalogues: Readonly<Record<string, string>> = {
  'src/cli/commands': 'a command a file',
  'src/dns/providers': 'a host of DNS a file',
  'src/errors': 'the codes of a room a file',
};

/** A measure that sees nothing finds nothing: less than this is a failure of the measure. */
const LEAST = { rooms: 15, files: 400, imports: 1000, renewal: 20, database: 10, tables: 15, executed: 20 };

export interface Measured {
  readonly measures: Measures;
  /** What each of them counted, for people. */
  readonly details: Readonly<Partial<Record<keyof Measures, readonly string[]>>>;
  /** Measures that miss their goal. */
  readonly missed: readonly (keyof Measures)[];
}

/** Measures a tree. Throws when it does not see what must be there. */
export async function measure(root: string, { renewal }: { readonly renewal: boolean }): Promise<Measured> {
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = listFiles(root, 'src').map((path) => readSource(root, path));
  atLeast('rooms', rooms.length, LEAST.rooms);
  atLeast('files', files.length, LEAST.files);
  const lines = files.map((file) => file.lines).sort((one, other) => one - other);
  const graph = importGraph(files);
  atLeast('imports', [...graph.values()].flat().length, LEAST.imports);
  atLeast('files of src/renewal', files.filter(({ path }) => path.startsWith('src/renewal/')).length, LEAST.renewal);
  atLeast('files that know the database', files.filter(knowsDatabase).length, LEAST.database);
  const rings = circles(graph);
  const chain = longestChain(graph, 'src/renewal/');
  const [largest, ...folders] = folderSizes(root);
  const { due, several } = writers(files);
  const casts = files.flatMap((file) => rowCasts(file));
  const executed = renewal ? await filesOfOneRenewal(root, 'src/renewal/') : null;
  if (executed !== null) atLeast('files of one renewal', executed.length, LEAST.executed);
  const measures: Measures = {
    rooms: rooms.length,
    files: files.length,
    medianLines: lines[Math.floor(lines.length / 2)] ?? 0,
    maxLines: lines.at(-1) ?? 0,
    circles: rings.length,
    renewalLevels: chain.length,
    largestFolder: largest?.files ?? 0,
    writersOfDue: due.length,
    tablesWithSeveralWriters: several.length,
    rowCasts: casts.length,
    filesOfOneRenewal: executed?.length ?? null,
  };
  return {
    measures,
    details: {
      circles: rings.map((ring) => ring.join(' → ')),
      renewalLevels: chain,
      largestFolder: [largest, ...folders].slice(0, 5).map((folder) => `${folder?.files} ${folder?.path}`),
      writersOfDue: due,
      tablesWithSeveralWriters: several,
      rowCasts: counted(casts.map(({ path }) => path)),
      filesOfOneRenewal: executed ?? [],
    },
    missed: (Object.keys(goals) as (keyof Measures)[]).filter((name) => {
      const value = measures[name];
      return value !== null && goals[name]?.(value) === false;
    }),
  };
}

function atLeast(what: string, seen: number, least: number): void {
  if (seen < least) throw new Error(`saw ${seen} ${what}, and there are at least ${least}`);
}

function folderSizes(root: string): readonly { readonly path: string; readonly files: number }[] {
  const all = [...listFiles(root, 'src'), ...listFiles(root, 'lab')].map((path) => path.replace(/\/[^/]*$/, ''));
  for (const path of Object.keys(catalogues))
    if (!all.includes(path)) throw new Error(`the catalogue ${path} is not there`);
  return [...Map.groupBy(all, (path) => path)]
    .map(([path, { length }]) => ({ path, files: length }))
    .filter(({ path }) => catalogues[path] === undefined)
    .sort((one, other) => other.files - one.files);
}

function writers(files: readonly SourceFile[]): {
  readonly due: readonly string[];
  readonly several: readonly string[];
} {
  const schema = files.filter(({ path }) => path.startsWith('src/store/sql/'));
  const declared = declaredTables(schema);
  atLeast('tables', declared.length, LEAST.tables);
  const known = [...declared, ...declaredTables(files)];
  const writes = files.filter((file) => !schema.includes(file)).flatMap((file) => sqlWrites(file, known));
  const several: string[] = [];
  for (const table of declared) {
    const here = writes.filter((write) => write.table === null || write.table === table);
    if (!here.some((write) => write.table === table)) throw new Error(`nothing seems to write to the table ${table}`);
    const paths = [...new Set(here.map(({ path }) => path))];
    if (paths.length > 1) several.push(`${table}: ${paths.join(', ')}`);
  }
  const due = new Set(writes.filter(assignsDue).map(({ path }) => path));
  return { due: [...due], several };
}

function assignsDue({ table, columns }: SqlWrite): boolean {
  return (table === null || table === 'certificate') && (columns === null || columns.includes('next_due'));
}

function counted(paths: readonly string[]): readonly string[] {
  return [...Map.groupBy(paths, (path) => path)].map(([path, { length }]) => `${length} ${path}`);
}

async function main(): Promise<number> {
  let values: { json: boolean; root: string; 'no-renewal': boolean; sabotage?: string };
  try {
    ({ values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        root: { type: 'string', default: '.' },
        'no-renewal': { type: 'boolean', default: false },
        sabotage: { type: 'string' },
      },
    }));
    if (values.sabotage !== undefined && defects[values.sabotage] === undefined) throw new TypeError('no such defect');
  } catch {
    process.stderr.write(help);
    return 2;
  }
  const renewal = !values['no-renewal'];
  const { measures, details, missed } = await withDefect(values.root, values.sabotage, (root) =>
    measure(root, { renewal }),
  );
  if (!values.json) {
    for (const [name, value] of Object.entries(measures) as [keyof Measures, number | null][]) {
      const bad = missed.includes(name);
      console.log(`${bad ? 'MISSED' : '      '} ${name.padEnd(25)} ${value ?? 'not measured'}`);
      if (bad) for (const line of details[name] ?? []) console.log(`           ${line}`);
    }
  }
  const ok = missed.length === 0;
  console.log(JSON.stringify({ ...measures, ok }));
  return ok ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
