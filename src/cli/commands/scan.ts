import type { Command } from 'commander';
import { globalsOf, withGlobals } from '../globals.ts';
import { type Cell, renderTable } from '../output/table.ts';
import { painter, printable } from '../output/text.ts';
import { createProgress } from '../progress.ts';
import type { ScanRow } from '../scan-report.ts';
import type { SetStatus, World } from '../world.ts';

const SOON_DAYS = 14;

/** `everbind scan` */
export function registerScan(program: Command, world: World, setStatus: SetStatus): void {
  const command = withGlobals(program.command('scan'))
    .description('sites, bindings, what they serve, days left, problems; changes nothing')
    .option('--no-probe', 'read the configuration only, contact no site')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind scan\n  everbind scan --json\n\nExit status: 0 nothing wrong, 1 a binding has a problem.',
    )
    .action(async () => {
      const globals = globalsOf(command, world);
      const { readInventory } = await import('../../iis/inventory.ts');
      const { scanBindings } = await import('../scan-report.ts');
      const { tlsProbe } = await import('../../verify/tls-probe.ts');
      const probe = command.opts<{ probe: boolean }>().probe ? tlsProbe : null;
      const { host, close } = await world.openHost();
      const progress = createProgress(world.io);
      try {
        const inventory = await readInventory(host);
        const rows = await scanBindings(inventory, host, probe, world.clock.now(), (done, all) =>
          progress.show(`shaking hands: ${done} of ${all} bindings`),
        );
        progress.done();
        setStatus(rows.some(({ problems }) => problems.length > 0) ? 1 : 0);
        if (globals.json) {
          world.io.out(
            `${JSON.stringify({ sites: inventory.sites.length, bindings: rows, problems: inventory.problems })}\n`,
          );
        } else {
          print(world, rows, inventory.sites.length);
          for (const { target, reason } of inventory.problems) {
            world.io.out(`${painter(world.io.colour)('yellow', 'note')}  ${printable(target)}: ${printable(reason)}\n`);
          }
        }
      } finally {
        progress.done();
        await close();
      }
    });
}

function print(world: World, rows: readonly ScanRow[], sites: number): void {
  const paint = painter(world.io.colour);
  if (rows.length === 0) {
    world.io.out(`${sites} sites, none with an https binding.\n`);
    return;
  }
  const cells = rows.map((row) => [row.site, row.binding, row.served?.issuer ?? '', days(row), verdict(row)]);
  world.io.out(
    renderTable(
      [
        { title: 'SITE' },
        { title: 'BINDING' },
        { title: 'ISSUER' },
        { title: 'DAYS', fixed: true, align: 'right' },
        { title: 'STATE' },
      ],
      cells,
      { columns: world.io.columns, paint },
    ),
  );
  const problems = rows.filter(({ problems: found }) => found.length > 0).length;
  const soon = rows.filter(
    ({ served }) => served?.daysLeft !== null && served !== null && served.daysLeft < SOON_DAYS,
  ).length;
  world.io.out(
    `\n${sites} sites, ${rows.length} https bindings: ${problems} with a problem, ${soon} with less than ${SOON_DAYS} days left.\n`,
  );
}

function days({ served }: ScanRow): Cell {
  const left = served?.daysLeft ?? null;
  if (left === null) return { text: '' };
  return { text: String(left), style: left < 0 ? 'red' : left < SOON_DAYS ? 'yellow' : 'green' };
}

function verdict(row: ScanRow): Cell {
  if (row.problems.length > 0) return { text: row.note, style: 'red' };
  return row.served === null ? { text: row.note, style: 'dim' } : { text: 'ok', style: 'green' };
}
