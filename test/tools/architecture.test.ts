import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { runCommand } from '../../lab/run-command.ts';
import { circles, importGraph, longestChain } from '../../tools/architecture/imports.ts';
import { rowCasts } from '../../tools/architecture/row-casts.ts';
import { defects, withDefect } from '../../tools/architecture/sabotage.ts';
import { readSource, type SourceFile } from '../../tools/architecture/source-tree.ts';
import { declaredTables, sqlWrites } from '../../tools/architecture/sql-writes.ts';
import { measure, type Measured, type Measures } from '../../tools/architecture.ts';

/** Parses these files. */
function sources(files: Readonly<Record<string, string>>): readonly SourceFile[] {
  const root = mkdtempSync(join(tmpdir(), 'everbind-measured-'));
  try {
    return Object.entries(files).map(([path, text]) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      return readSource(root, path);
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function source(text: string, path = 'src/a.ts'): SourceFile {
  const [file] = sources({ [path]: text });
  assert.ok(file);
  return file;
}

describe('the measures of a tree', () => {
  let whole: Measured;
  before(async () => {
    whole = await measure('.', { renewal: true });
  });

  /** The measure that must see a defect. */
  const seen: Readonly<Record<string, keyof Measures>> = {
    circle: 'circles',
    'long-chain': 'renewalLevels',
    'large-folder': 'largestFolder',
    'second-writer-of-due': 'writersOfDue',
    'second-writer-of-table': 'tablesWithSeveralWriters',
    'computed-table': 'tablesWithSeveralWriters',
    'row-casts': 'rowCasts',
    'scattered-renewal': 'filesOfOneRenewal',
  };

  it('have a defect each for --sabotage', () => {
    assert.deepEqual(Object.keys(defects), Object.keys(seen));
    assert.deepEqual([...new Set(Object.values(seen))].sort(), [
      'circles',
      'filesOfOneRenewal',
      'largestFolder',
      'renewalLevels',
      'rowCasts',
      'tablesWithSeveralWriters',
      'writersOfDue',
    ]);
  });

  for (const [defect, name] of Object.entries(seen)) {
    it(`see a ${defect}`, async () => {
      const renewal = name === 'filesOfOneRenewal';
      const { measures, missed, details } = await withDefect('.', defect, (root) => measure(root, { renewal }));
      assert.ok(missed.includes(name));
      assert.ok(Number(measures[name]) >= Number(whole.measures[name]));
      assert.match((details[name] ?? []).join('\n'), /planted/);
      assert.doesNotMatch((whole.details[name] ?? []).join('\n'), /planted/);
    });
  }

  it('fail when there is too little to be seen', async () => {
    const root = mkdtempSync(join(tmpdir(), 'everbind-measured-'));
    try {
      for (const folder of ['src', 'lab']) mkdirSync(join(root, folder));
      await assert.rejects(measure(root, { renewal: false }), /at least/);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('are the last line that the program prints, and a defect makes it fail', async () => {
    const { exitCode, stdout } = await runCommand(process.execPath, [
      'tools/architecture.ts',
      '--no-renewal',
      '--sabotage',
      'circle',
    ]);
    assert.equal(exitCode, 1);
    assert.match(stdout, /planted-one\.ts/);
    const { ok, ...measures } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measures & { ok: boolean };
    assert.equal(ok, false);
    assert.deepEqual(Object.keys(measures), Object.keys(whole.measures));
    assert.equal((await runCommand(process.execPath, ['tools/architecture.ts', '--sabotage', 'nothing'])).exitCode, 2);
  });
});

describe('imports', () => {
  const graph = importGraph(
    sources({
      'src/renewal/a.ts':
        "import type { B } from './b.ts';\nimport '../store/s.ts';\nimport { readFileSync } from 'node:fs';\n",
      'src/renewal/b.ts': "export { c } from './c.ts';\n",
      'src/renewal/c.ts': "export const c = () => import('./d.ts');\n",
      'src/renewal/d.ts': "export type D = import('./e.ts').E;\n",
      'src/renewal/e.ts': 'export type E = 1;\n',
      'src/store/s.ts': "import { t } from './t.ts';\nexport const s = t;\n",
      'src/store/t.ts': "export * from './u.ts';\n",
      'src/store/u.ts': "import { s } from './s.ts';\nexport const t = s;\n",
    }),
  );

  it('make a chain inside a folder, whatever their kind', () => {
    assert.deepEqual(
      longestChain(graph, 'src/renewal/').map((path) => path.slice(-4, -3)),
      ['a', 'b', 'c', 'd', 'e'],
    );
  });

  it('are searched for rings', () => {
    assert.deepEqual(
      circles(graph).map((ring) => ring.toSorted()),
      [['src/store/s.ts', 'src/store/t.ts', 'src/store/u.ts']],
    );
  });
});

describe('SQL', () => {
  const tables = ['certificate', 'issued'];
  const writes = (text: string) => sqlWrites(source(text), tables).map(({ table, columns }) => [table, columns]);

  it('of a schema makes tables', () => {
    const file = source('export const a = `CREATE TABLE b (id); CREATE TABLE IF NOT EXISTS a (id);`;');
    assert.deepEqual(declaredTables([file]), ['a', 'b']);
  });

  const cases: Readonly<Record<string, readonly [string, readonly unknown[]]>> = {
    insert: ["x('INSERT INTO certificate (id, next_due) VALUES (?, ?)')", [['certificate', ['id', 'next_due']]]],
    'insert of every column': ["x('INSERT INTO certificate VALUES (?, ?)')", [['certificate', null]]],
    upsert: [
      "x('INSERT OR ABORT INTO issued (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET status = ?, id = max(id, 1) WHERE id > 2')",
      [['issued', ['id', 'status', 'id']]],
    ],
    update: [
      'x(`UPDATE certificate\n SET failures = CASE WHEN next_due = 1 THEN 1 ELSE 0 END, last_error = (SELECT a FROM b WHERE c = d) WHERE next_due < ?`)',
      [['certificate', ['failures', 'last_error']]],
    ],
    'update of a list': [
      "x('UPDATE certificate SET (next_due, failures) = (1, 2)')",
      [['certificate', ['next_due', 'failures']]],
    ],
    'update of computed columns': ['x(`UPDATE issued SET ${columns} WHERE id = ?`)', [['issued', null]]],
    'update with a constant': [
      "const MORE = 'next_due = 3'; x(`UPDATE certificate SET failures = 0, ${MORE}`)",
      [['certificate', ['failures', 'next_due']]],
    ],
    'update of a value that is computed': ['x(`UPDATE issued SET status = ${status}`)', [['issued', ['status']]]],
    delete: ["x('DELETE FROM issued')", [['issued', []]]],
    replace: ["x('REPLACE INTO issued (id) VALUES (1)')", [['issued', ['id']]]],
    'several statements': [
      "x('DELETE FROM issued; DELETE FROM certificate')",
      [
        ['issued', []],
        ['certificate', []],
      ],
    ],
    'a computed table': ['x(`DELETE FROM ${table}`)', [[null, []]]],
    'a joined table': ["x('DELETE FROM ' + table)", [[null, []]]],
    'a computed table that is updated': ['x(`UPDATE ${table} SET a = 1`)', [[null, ['a']]]],
    'the helper that shifts times': [
      "shiftTimes(db, { table: 'certificate', columns: ['next_due', 'next_poll'], where }, shift)",
      [['certificate', ['next_due', 'next_poll']]],
    ],
    'the helper for any table': ['shiftTimes(db, { table, columns }, shift)', [[null, null]]],
    'lower case': ["x('update certificate set next_due = 1')", [['certificate', ['next_due']]]],
    trigger: ['x(`CREATE TRIGGER t BEFORE UPDATE ON issued BEGIN DELETE FROM certificate; END`)', []],
    query: ["x('SELECT next_due FROM certificate')", []],
    prose: ["x('update certificate files, delete from the folder, insert into it')", []],
  };
  for (const [name, [text, expected]] of Object.entries(cases)) {
    it(`of ${name} writes what it says`, () => assert.deepEqual(writes(text), expected));
  }

  it('of the helper itself is that of its callers', () => {
    const helper = source('x(`UPDATE ${table} SET ${column} = 1`)', 'src/store/shift-times.ts');
    assert.deepEqual(sqlWrites(helper, tables), []);
  });

  it('for a table that the schema does not have is an error', () => {
    for (const text of [
      "x('UPDATE renamed SET a = 1')",
      "x('DELETE FROM renamed')",
      "x('INSERT INTO renamed VALUES (1)')",
    ]) {
      assert.throws(() => writes(text), /renamed/);
    }
  });
});

describe('casts of rows', () => {
  const head = "import { statement } from '../store/statements.ts';\n";
  const casts = (text: string) => rowCasts(source(head + text)).length;

  const found: readonly string[] = [
    "const a = row['x'] as number;",
    "const a = other?.['x'] as number;",
    'const a = <number>row.x;',
    'const last = statement(db, sql).get(); const a = last?.x as number;',
    'const a = statement(db, sql).get(1) as unknown as T;',
    'const a = db.prepare(sql).all() as T[];',
    'const a = (db.prepare(sql).get() ?? null) as T | null;',
    'const a = [...db.prepare(sql).iterate()] as T[];',
    'const all = store.read((db) => statement(db, sql).all()); const a = all.map((each) => each as T);',
    'for (const each of db.prepare(sql).iterate()) use(each as T);',
    'const { x } = db.prepare(sql).get(); const a = x as number;',
    'const a = statement(db, sql).all().filter(Boolean).map(({ x: y }) => y as number);',
    'const f = (row: Row) => row as unknown as T;',
    "const a = JSON.parse(row['x'] as string) as T;",
  ];
  for (const text of found) it(`are found: ${text}`, () => assert.equal(casts(text), 1));

  const others: readonly string[] = [
    "const a = Number(row['x']);",
    'const a = [1, 2] as const;',
    'const a = map.get(1) as number;',
    'const a = JSON.parse(text) as T;',
    'const a = error as Error;',
  ];
  for (const text of others) it(`are something else: ${text}`, () => assert.equal(casts(text), 0));

  it('do not count in a file that knows no database', () => {
    assert.equal(rowCasts(source("const a = details['x'] as number;")).length, 0);
  });
});
