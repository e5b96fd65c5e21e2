import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { checkWalls } from '../../tools/walls.ts';

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
