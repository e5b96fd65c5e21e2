import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, test } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { checkBothSides, checkWalls, type Wall, wallsWithoutSides } from '../../tools/walls.ts';

const project = new URL('../../', import.meta.url).pathname;

async function withTree(files: Readonly<Record<string, string>>, work: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'everbind-walls-'));
  try {
    await mustRun('git', ['init', '-q', root]);
    await symlink(join(project, 'node_modules'), join(root, 'node_modules'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
    await work(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const clean = {
  'lab/world.ts': "import { b } from '../src/pki/b.ts';\nexport const w = b;\n",
  'src/pki/b.ts': 'export const b = 1;\n',
  'src/acme/a.ts': "import { b } from '../pki/b.ts';\nexport const a = b;\n",
};

const breaches: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a pure room that reads files': {
    'src/acme/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n",
  },
  'a pure room that imports an adapter': {
    'src/acme/a.ts': "import { n } from '../net/n.ts';\nexport const a = n;\n",
    'src/net/n.ts': 'export const n = 1;\n',
  },
  'product code that imports the lab': {
    'src/store/s.ts': "import { w } from '../../lab/world.ts';\nexport const s = w;\n",
  },
  'an adapter that knows the engine': {
    'src/deploy/d.ts': "import { e } from '../renewal/e.ts';\nexport const d = e;\n",
    'src/renewal/e.ts': 'export const e = 1;\n',
  },
  'FFI outside windows/': { 'src/iis/i.ts': "import koffi from 'koffi';\nexport const i = koffi;\n" },
};

test('a clean tree passes', async () => {
  await withTree(clean, (root) => checkWalls(root));
});

for (const [name, files] of Object.entries(breaches)) {
  test(`found: ${name}`, async () => {
    await withTree({ ...clean, ...files }, async (root) => {
      await assert.rejects(checkWalls(root), /through a wall/);
    });
  });
}

test('seeing no modules is a failure, not a pass', async () => {
  await withTree({ 'src/acme/a.ts': 'export const a = ;;;(\n', 'lab/x.ts': 'export {};\n' }, async (root) => {
    await assert.rejects(checkWalls(root));
  });
});

test('every wall of the project has two sides', () => checkBothSides());

describe('a wall', () => {
  const modules = [
    'src/acme/a.ts',
    'src/pki/p.ts',
    'src/iis/records/ssl-record.ts',
    'lab/l.ts',
    'node_modules/koffi/index.cjs',
    'fs',
  ];
  const wall = (from: Wall['from'], to: Wall['to']): Wall => ({ name: 'w', from, to });
  const findings = (from: Wall['from'], to: Wall['to'], coming: readonly string[] = []) =>
    wallsWithoutSides([wall(from, to)], modules, coming);

  it('between modules is one', () => {
    assert.deepEqual(findings({ path: '^src/acme/' }, { path: '^src/', pathNot: ['^src/acme/', '^src/iis/'] }), []);
    assert.deepEqual(findings({ path: '^src/', pathNot: '^src/pki/' }, { path: '(^|/)koffi(/|$)' }), []);
    assert.deepEqual(findings({ path: '^src/iis/(records/ssl-record)' }, { path: '^fs$' }), []);
    assert.deepEqual(findings({}, { circular: true }), []);
  });

  it('with nothing on a side fails', () => {
    assert.deepEqual(findings({ path: '^test/' }, { path: '^src/' }), ['wall w: nothing to keep in']);
    assert.deepEqual(findings({ path: '^src/acme/' }, { path: '(^|/)ffi-napi/' }), ['wall w: nothing to keep out']);
    assert.deepEqual(findings({ path: '^src/acme/' }, { path: '^src/acme/', pathNot: '^src/' }), [
      'wall w: nothing to keep out',
    ]);
  });

  it('that names a room that is not there fails, whichever others it names', () => {
    for (const side of [{ path: '^src/(acme|gone)/' }, { path: '^src/', pathNot: ['^src/pki/', '^src/gone/'] }]) {
      assert.deepEqual(findings(side, { path: '^lab/' }), ['a wall names src/gone/, which is not there']);
      assert.deepEqual(findings({ path: '^lab/' }, side), ['a wall names src/gone/, which is not there']);
    }
  });

  it('may wait for a room that is to come', () => {
    const coming = ['hub', 'acme/more'];
    assert.deepEqual(findings({ path: '^src/hub/' }, { path: '^src/acme/' }, coming), []);
    assert.deepEqual(findings({ path: '^src/(acme|hub)/' }, { path: '^src/hub/rules/' }, coming), []);
    assert.deepEqual(findings({ path: '^src/acme/more/' }, { path: '^src/pki/' }, coming), []);
  });

  it('may not once the room has come', () => {
    assert.deepEqual(findings({ path: '^src/acme/' }, { path: '^lab/' }, ['acme']), [
      'src/acme has come: take it from comingRooms in tools/walls.ts',
    ]);
  });

  it('is looked for', () => {
    assert.equal(wallsWithoutSides([], modules, []).length, 1);
    assert.equal(wallsWithoutSides([wall({}, {})], [], []).length, 1);
  });
});
