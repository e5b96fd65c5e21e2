import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeIssueConfig } from '../../bench/issue-config.ts';
import { freePorts } from '../../lab/loopback.ts';
import { startPebble } from '../../lab/pebble/server.ts';
import { mustRun } from '../../lab/run-command.ts';

/** As V8 writes it to NODE_V8_COVERAGE: each function with the ranges of its blocks, the whole function first. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

/**
 * Files below `folder` of the tree at `root` with a function that ran while the program there obtained one certificate
 * from Pebble with http-01. Code at the top of a module is no function.
 */
export async function filesOfOneRenewal(root: string, folder: string): Promise<readonly string[]> {
  const work = await mkdtemp(join(tmpdir(), 'everbind-one-renewal-'));
  const coverage = join(work, 'coverage');
  await mkdir(coverage);
  const [httpPort = 0] = await freePorts(1);
  const pebble = await startPebble({ httpPort });
  try {
    await writeIssueConfig(work, { ca: pebble, rootPem: await pebble.rootPem(), count: 1, httpPort });
    const program = join(root, 'src', 'cli', 'main.ts');
    const settings = ['--config', join(work, 'everbind.yaml'), '--state-dir', join(work, 'state')];
    await mustRun(process.execPath, [program, 'renew', 'c0', ...settings], {
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
    });
    const executed = await executedFiles(coverage);
    const below = pathToFileURL(join(await realpath(root), '/')).href;
    return executed
      .filter((url) => url.startsWith(`${below}${folder}`))
      .map((url) => fileURLToPath(url).slice(fileURLToPath(below).length))
      .sort();
  } finally {
    await pebble.stop();
    await rm(work, { recursive: true, force: true });
  }
}

async function executedFiles(folder: string): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Coverage;
    for (const { url, functions } of result) {
      const ran = functions.some(({ functionName, ranges: [whole] }) => {
        const isModule = functionName === '' && whole?.startOffset === 0;
        return !isModule && (whole?.count ?? 0) > 0;
      });
      if (ran) files.add(url);
    }
  }
  return [...files];
}
