import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * Bundles the program into dist/: one small start file and chunks that load when a command needs them, so that a look at what is
 * due does not pay for the ACME client or the configuration parser. Returns the path of the start file.
 */
export async function buildProgram(outdir = 'dist'): Promise<string> {
  await rm(outdir, { recursive: true, force: true });
  return bundle('src/cli/main.ts', 'everbind', outdir);
}

// The native part of koffi is its whole interface. It stands beside the start file of the Windows build, and no other platform loads it.
const nativeKoffi: Plugin = {
  name: 'koffi',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'native' }));
    onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      loader: 'js',
      // Chunks lie one folder below the start file.
      contents: `
        import { existsSync } from 'node:fs';
        import { createRequire } from 'node:module';
        import { fileURLToPath } from 'node:url';
        const places = ['koffi.node', '../koffi.node'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
        export default createRequire(import.meta.url)(places.find((path) => existsSync(path)) ?? places[0]);`,
    }));
  },
};

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
    plugins: [nativeKoffi],
    // Loads a binary of its own from beside the program.
    external: ['koffi'],
    minifySyntax: true,
    minifyWhitespace: true,
    banner: {
      // Some packages are CommonJS and ask for require.
      js: "import { createRequire as everbindRequire } from 'node:module'; const require = everbindRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return join(outdir, `${name}.mjs`);
}

if (import.meta.main) console.log(await buildProgram());
