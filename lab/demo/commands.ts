import type { Io } from '../../src/cli/io.ts';
import { type Cell, renderTable } from '../../src/cli/output/table.ts';
import { painter, printable, wrap } from '../../src/cli/output/text.ts';
import { runCli } from '../../src/cli/run.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import type { CertificateState } from '../../src/renewal/state/certificate-queries.ts';
import type { SimWindows } from '../sim-windows/sim-windows.ts';
import type { Declaration } from './declare.ts';
import { type BindingResult, checkBindings } from './results.ts';
import { type DemoSummary, summarize } from './summary.ts';
import { cliWorld, type DemoWorld } from './world.ts';

export interface CommandOptions {
  /** How many certificates have to be rolled back for all to be well. */
  readonly expectedRollbacks: number;
  /** Root of the CA. */
  readonly rootPem: string;
  /** Thumbprint that each record held before, by recordKeyId. */
  readonly before: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/** Runs the commands that an operator would run and judges the result by handshakes of the demo's own. */
export async function runCommands(
  io: Io,
  world: DemoWorld,
  sim: SimWindows,
  declared: Declaration,
  options: CommandOptions,
): Promise<DemoSummary> {
  const paint = painter(io.colour);
  const run = async (...args: string[]): Promise<void> => {
    options.signal.throwIfAborted();
    io.out(`\n${paint('bold', `$ everbind ${args.join(' ')}`)}\n`);
    await runCli(args, cliWorld(world, io, options.signal));
  };
  const json = async (...args: string[]): Promise<unknown> => {
    options.signal.throwIfAborted();
    let text = '';
    const quiet: Io = { ...io, interactive: false, out: (part) => void (text += part), err: () => {} };
    await runCli([...args, '--json'], cliWorld(world, quiet, options.signal));
    return JSON.parse(text === '' ? '{}' : text);
  };
  await run('scan');
  if (declared.certificates.length > 0) await run('renew', '--all-due', '--dry-run');
  await run('renew', '--all-due');
  if (declared.certificates.length > 0) {
    await run('scan');
    await run('list');
  }
  await run('audit', 'verify');
  const { ok: auditOk } = (await json('audit', 'verify')) as { readonly ok?: boolean };
  const { certificates: managed = [] } = (await json('list')) as { certificates?: readonly CertificateState[] };
  const results = await checkBindings({
    host: sim.host,
    rootPem: options.rootPem,
    declared,
    inventory: await readInventory(sim.host),
    managed,
    before: options.before,
  });
  options.signal.throwIfAborted();
  printResults(io, results);
  return summarize(declared, managed, results, {
    audit: auditOk === true,
    expectedRollbacks: options.expectedRollbacks,
  });
}

const words: Readonly<Record<BindingResult['state'], Cell>> = {
  verified: { text: 'verified', style: 'green' },
  rolledBack: { text: 'rolled back', style: 'yellow' },
  stopped: { text: 'site stopped', style: 'dim' },
  notHandled: { text: 'not handled', style: 'yellow' },
  failed: { text: 'FAILED', style: 'red' },
};

function printResults(io: Io, results: readonly BindingResult[]): void {
  const paint = painter(io.colour);
  io.out(`\n${paint('bold', 'What a client that trusts only the CA finds')}\n`);
  if (results.length === 0) {
    io.out('This server has no https binding; there is nothing to renew.\n');
    return;
  }
  io.out(
    renderTable(
      [{ title: 'SITE' }, { title: 'BINDING' }, { title: 'RESULT', fixed: true }],
      results.map(({ site, binding, state }) => [site, binding, words[state]]),
      { columns: io.columns, paint },
    ),
  );
  for (const { site, binding, state, reason } of results) {
    if (state === 'verified' || state === 'stopped') continue;
    const [first = '', ...rest] = wrap(printable(`${site}, ${binding}: ${reason}`), io.columns - 2);
    io.out(`${[first, ...rest.map((line) => `  ${line}`)].join('\n')}\n`);
  }
}
