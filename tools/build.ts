import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

/**
 * Bundles the program into dist/: one small start file and chunks that load when a command needs them, so that a look at what is
 * due does not pay for the ACME client or the configuration parser.
 */
export async function buildProgram(outdir = 'dist'): Promise<string> {
  await rm(outdir, { recursive: true, force: true });
  await build({
    entryPoints: { everbind: 'src/cli/main.ts' },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    legalComments: 'linked',
    minifySyntax: true,
    minifyWhitespace: true,
    // Some packages are CommonJS and ask for require.
    banner: {
      js: "import { createRequire as everbindRequire } from 'node:module'; const require = everbindRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return `${outdir}/everbind.mjs`;
}

if (import.meta.main) console.log(await buildProgram());
