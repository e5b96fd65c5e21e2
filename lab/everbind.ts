import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { processIo } from '../src/cli/process-io.ts';
import { main } from '../src/cli/product.ts';
import { runCli } from '../src/cli/run.ts';
import { cliWorld, type DemoWorld, worldFile } from './demo/world.ts';

// The program in a checkout: against the running demo's simulated Windows server when there is one, else the product as it is.

process.exitCode = existsSync(worldFile) ? await inDemo() : await main(process);

async function inDemo(): Promise<number> {
  const world = JSON.parse(await readFile(worldFile, 'utf8')) as DemoWorld;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return await runCli(process.argv.slice(2), cliWorld(world, processIo(process), stop.signal));
}
