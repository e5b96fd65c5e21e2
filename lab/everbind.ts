import { processIo } from '../src/cli/process-io.ts';
import { main } from '../src/cli/product.ts';
import { runCli } from '../src/cli/run.ts';
import { stopSignal } from '../src/cli/stop-signal.ts';
import { cliWorld, type DemoWorld, runningDemo } from './demo/world.ts';

// The program in a checkout: against the running demo's simulated Windows server when there is one, else the product as
// it is.

const demo = await runningDemo();
process.exitCode = demo === null ? await main(process) : await inDemo(demo);

async function inDemo(world: DemoWorld): Promise<number> {
  return await runCli(process.argv.slice(2), cliWorld(world, processIo(process), stopSignal(process)));
}
