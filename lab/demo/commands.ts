import { readInventory } from '../../src/iis/inventory.ts';
import type { Io } from '../../src/cli/io.ts';
import { renderTable, type Cell } from '../../src/cli/output/table.ts';
import { painter, printable } from '../../src/cli/output/text.ts';
import { runCli } from '../../src/cli/run.ts';
import type { CertificateState } from '../../src/renewal/readers.ts';
import type { PortRow } from '../sim-windows/port-table.ts';
import type { SimWindows } from '../sim-windows/sim-windows.ts';
import type { Declaration } from './declare.ts';
import { checkBindings, type BindingResult } from './results.ts';
import { cliWorld, type DemoWorld } from './world.ts';

export interface CommandOptions {
  /** The built-in configuration, in which one site has to roll back. */
  readonly builtIn: boolean;
  /** Root of the CA. */
  readonly rootPem: string;
  /** Prints where each site can be opened. */
  readonly stay: boolean;
  readonly signal: AbortSignal;
}

/** Runs the commands that an operator would run, judges the result by handshakes of the demo's own, and prints the line of JSON. */
export async function runCommands(
  io: Io,
  world: DemoWorld,
  sim: SimWindows,
  declared: Declaration,
  options: CommandOptions,
): Promise<number> {
  const paint = painter(io.colour);
  const run = async (...args: string[]): Promise<number> => {
    io.out(`\n${paint('bold', `$ everbind ${args.join(' ')}`)}\n`);
    return runCli(args, cliWorld(world, io, options.signal));
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    let text = '';
    await runCli(
      [...args, '--json'],
      cliWorld(world, { ...io, interactive: false, out: (part) => void (text += part) }, options.signal),
    );
    return JSON.parse(text) as T;
  };
  await run('scan');
  if (declared.certificates.length > 0) {
    await run('renew', '--all-due', '--dry-run');
    await run('renew', '--all-due');
    await run('scan');
    await run('list');
    await run('audit', 'verify');
  }
  const some = declared.certificates.length > 0;
  const audit = some ? await json<{ ok: boolean }>('audit', 'verify') : { ok: true };
  const { certificates } = some
    ? await json<{ certificates: readonly CertificateState[] }>('list')
    : { certificates: [] };
  const results = await checkBindings(sim, options.rootPem, declared, await readInventory(sim.host), certificates);
  printResults(io, results);
  if (options.stay) printAddresses(io, await sim.ports());
  const count = (state: BindingResult['state']): number => results.filter((result) => result.state === state).length;
  const having = (state: BindingResult['state']): Set<string | null> =>
    new Set(results.flatMap((result) => (result.state === state ? [result.certificate] : [])));
  const rolledBack = having('rolledBack');
  const failed = having('failed');
  const renewed = certificates.filter(({ active, name }) => active !== null && !rolledBack.has(name));
  const summary = {
    renewed: renewed.length,
    verified: renewed.filter(({ name }) => !failed.has(name)).length,
    rolledBack: rolledBack.size,
    failed: declared.certificates.length - renewed.length - rolledBack.size,
    bindings: results.length,
    bindingsVerified: count('verified'),
    bindingsOfStoppedSites: count('stopped'),
    notHandled: count('notHandled'),
    audit: audit.ok ? 'ok' : 'broken',
    ok:
      audit.ok &&
      failed.size === 0 &&
      renewed.length + rolledBack.size === declared.certificates.length &&
      rolledBack.size === (options.builtIn ? 1 : 0),
  };
  io.out(`\n${JSON.stringify(summary)}\n`);
  return summary.ok ? 0 : 1;
}

function printResults(io: Io, results: readonly BindingResult[]): void {
  const paint = painter(io.colour);
  io.out(`\n${paint('bold', 'What a client that trusts only the CA finds')}\n`);
  if (results.length === 0) io.out('This server has no https binding; there is nothing to renew.\n');
  const words: Readonly<Record<BindingResult['state'], Cell>> = {
    verified: { text: 'verified', style: 'green' },
    rolledBack: { text: 'rolled back', style: 'yellow' },
    stopped: { text: 'site stopped', style: 'dim' },
    notHandled: { text: 'not handled', style: 'yellow' },
    failed: { text: 'FAILED', style: 'red' },
  };
  if (results.length > 0) {
    io.out(
      renderTable(
        [{ title: 'SITE' }, { title: 'BINDING' }, { title: 'RESULT', fixed: true }],
        results.map(({ site, binding, state }) => [site, binding, words[state]]),
        { columns: io.columns, paint },
      ),
    );
  }
  for (const { site, binding, state, reason } of results) {
    if (state === 'notHandled' || state === 'failed') io.out(printable(`${site}, ${binding}: ${reason}`) + '\n');
  }
}

function printAddresses(io: Io, rows: readonly PortRow[]): void {
  io.out(`\n${painter(io.colour)('bold', 'Where the sites are (moved to loopback)')}\n`);
  io.out(
    renderTable(
      [{ title: 'SITE' }, { title: 'BINDING' }, { title: 'OPEN', fixed: true }],
      rows
        .filter(({ endpoint }) => endpoint !== null)
        .map(({ site, protocol, binding, endpoint }) => [
          site,
          `${protocol} ${binding}`,
          `${endpoint?.address ?? ''} port ${endpoint?.port ?? ''}`,
        ]),
      { columns: io.columns, paint: painter(io.colour) },
    ),
  );
  io.out(
    'For example: curl --cacert STATE/pebble-root.pem --resolve shop.everbind.test:PORT:127.0.0.1 https://shop.everbind.test:PORT/\n',
  );
}
