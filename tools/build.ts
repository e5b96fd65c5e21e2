import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * Bundles the program into dist/: one small start file and chunks that load when a command needs them, so that a look
 * at what is due does not pay for the ACME client or the configuration parser. Returns the path of the start file.
 */
export async function buildProgram(outdir = 'dist'): Promise<string> {
  await rm(outdir, { recursive: true, force: true });
  return bundle('src/cli/main.ts', 'everbind', outdir);
}

// The native part of koffi is its whole interface. It stands beside the start file of the Windows build, and no other
// platform loads it.
const nativeKoffi: Plugin = {
  name: 'koffi',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'native' }));
    onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      loader: 'js',
      // Chunks lie one folder below the start file.
      contents: `
        const { existsSync } = process.getBuiltinModule('node:fs');
        const { fileURLToPath } = process.getBuiltinModule('node:url');
        const places = ['koffi.node', '../koffi.node'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
        export default require(places.find((path) => existsSync(path)) ?? places[0]);`,
    }));
  },
};

// An import of a module of Node reads all that it exports, and some of that loads more than the program has itself:
// `WebSocket` of node:http all of undici, `diff` of node:util, the streams of node:fs. What is taken from the module
// object is all that is read.
const builtins: Plugin = {
  name: 'builtins',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.(ts|m?js)$/ }, async ({ path }) => ({
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      contents: (await readFile(path, 'utf8'))
        .replaceAll(
          /^import \{([^}]*)\} from ('node:[^']+');/gm,
          (_, names: string, module: string) =>
            `const {${values(names)}} = globalThis.process.getBuiltinModule(${module});`,
        )
        .replaceAll(/^import (\w+) from ('node:[^']+');/gm, 'const $1 = globalThis.process.getBuiltinModule($2);'),
    }));
  },
};

/** `type A, b, c as d` to `b, c: d` */
function values(names: string): string {
  const taken = names.split(',').map((name) => name.trim());
  return taken
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => name.replace(' as ', ': '))
    .join(', ');
}

/** Bundles one entry (relative to the project) the way a release is bundled, as `<outdir>/<name>.mjs`. */
export async function bundle(entry: string, name: string, outdir: string): Promise<string> {
  await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: { [name]: entry },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    legalComments: 'linked',
    plugins: [nativeKoffi, builtins],
    // Loads a binary of its own from beside the program.
    external: ['koffi'],
    minifySyntax: true,
    minifyWhitespace: true,
    banner: {
      // Some packages are CommonJS and ask for require.
      js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return join(outdir, `${name}.mjs`);
}

if (import.meta.main) console.log(await buildProgram());
