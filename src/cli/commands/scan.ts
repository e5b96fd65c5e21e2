import type { Command } from 'commander';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { type Cell, renderTable } from '../output/table.ts';
import { cut, painter, plural, sayWrapped, wrap } from '../output/text.ts';
import { daysCell, expiresSoon } from '../output/time.ts';
import { createProgress } from '../progress.ts';
import type { ScanRow } from '../../agent/scan-bindings.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind scan` */
export function registerScan(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('scan'))
    .description('sites, bindings, what they serve, days left, problems; changes nothing')
    .option('--no-probe', 'read the configuration only, contact no site')
    .addHelpText(
      'after',
      helpText(['everbind scan', 'everbind scan --json'], 'Exit status: 0 nothing wrong, 1 a binding has a problem.'),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const { scanBindings } = await import('../../agent/server-modules.ts');
      const progress = createProgress(environment.io);
      try {
        const { inventory, rows } = await scanBindings(environment, {
          contact: command.opts<{ probe: boolean }>().probe,
          onDone: (done, all) => progress.show(`shaking hands: ${done} of ${all} bindings`),
        });
        progress.done();
        setStatus(rows.some(({ problems }) => problems.length > 0) ? 1 : 0);
        if (globals.json) {
          sayJson(environment.io, { sites: inventory.sites.length, bindings: rows, problems: inventory.problems });
        } else {
          print(environment, rows, inventory.sites.length);
          const hints = rows.flatMap(({ site, binding, hint: reason }) =>
            reason === null ? [] : [{ target: `${site} ${binding}`, reason }],
          );
          for (const { target, reason } of [...hints, ...inventory.problems]) {
            sayWrapped(environment.io, painter(environment.io.colour)('yellow', 'note  '), `${target}: ${reason}`, 6);
          }
        }
      } finally {
        progress.done();
      }
    });
}

function print(environment: CliEnvironment, rows: readonly ScanRow[], sites: number): void {
  const paint = painter(environment.io.colour);
  const now = environment.clock.now();
  if (rows.length === 0) {
    environment.io.out(`${plural(sites, 'site')}, none with an https or FTP binding.\n`);
    return;
  }
  const cells = rows.map((row) => [row.site, bindingOf(row), issuer(row), days(row, now), verdict(row)]);
  environment.io.out(
    renderTable(
      [
        { title: 'SITE' },
        { title: 'BINDING' },
        { title: 'ISSUER' },
        { title: 'DAYS', fixed: true, align: 'right' },
        { title: 'STATE' },
      ],
      cells,
      { columns: environment.io.columns, paint },
    ),
  );
  const problems = rows.filter(({ problems: found }) => found.length > 0).length;
  const soon = rows.filter(({ served }) => served !== null && isSoon(served, now)).length;
  const ftp = rows.filter(({ protocol }) => protocol === 'ftp').length;
  const bindings = `${plural(rows.length - ftp, 'https binding')}${ftp === 0 ? '' : `, ${plural(ftp, 'FTP binding')}`}`;
  const counts = `${plural(sites, 'site')}, ${bindings}: ${problems} with a problem, ${soon} about to expire.`;
  environment.io.out(`\n${wrap(counts, environment.io.columns).join('\n')}\n`);
}

const ISSUER_COLUMNS = 14;

/** Only the common name: the binding needs the space more. */
function issuer({ served }: ScanRow): string {
  const text = served?.issuer ?? '';
  return cut(/(?:^|, ?)CN=([^,]+)/.exec(text)?.[1] ?? text, ISSUER_COLUMNS);
}

function days({ served }: ScanRow, now: number): Cell {
  if (served === null || served.notBefore === null || served.notAfter === null) return { text: '' };
  return daysCell({ notBefore: served.notBefore, notAfter: served.notAfter }, now);
}

function isSoon({ notBefore, notAfter }: NonNullable<ScanRow['served']>, now: number): boolean {
  return notBefore !== null && notAfter !== null && expiresSoon({ notBefore, notAfter }, now);
}

function bindingOf({ protocol, binding }: ScanRow): string {
  return protocol === 'ftp' ? `ftp ${binding}` : binding;
}

function verdict(row: ScanRow): Cell {
  if (row.problems.length > 0) return { text: row.note, style: 'red' };
  return row.served === null ? { text: row.note, style: 'dim' } : { text: 'ok', style: 'green' };
}
