import type { DatabaseSync } from 'node:sqlite';
import type { Command } from 'commander';
import type { DryRun } from '../../renewal/engine/dry-run.ts';
import type { Selection } from '../../renewal/engine/select.ts';
import { showCertificate } from '../../overview/certificate-detail.ts';
import type { Outcome } from '../../renewal/engine/outcome.ts';
import { EverbindError } from '../../errors/error.ts';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { printDryRun } from '../output/dry-run.ts';
import { printOutcome } from '../output/outcome.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

interface RenewOptions {
  readonly allDue?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** A certificate that was named but is not due. */
interface Waiting {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly nextDue: number;
  readonly reason: string;
}

/** `everbind renew [NAME…]` */
export function registerRenew(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('renew [name...]'))
    .description('renew what is due: obtain, check, install, bind, verify, roll back on failure')
    .option('--all-due', 'every certificate that is due')
    .option('--force', 'also what is not due')
    .option('--dry-run', 'say which order, binding and certificate would change; change nothing')
    .addHelpText(
      'after',
      helpText(
        [
          'everbind renew --all-due',
          'everbind renew shop api',
          'everbind renew shop --force',
          'everbind renew --all-due --dry-run',
        ],
        'Exit status: 0 all well, 1 nothing worked, 3 some failed or were rolled back and others not, 4 another Everbind is at work.',
      ),
    )
    .action(async (names: string[]) => {
      const globals = globalsOf(command, environment);
      const options = command.opts<RenewOptions>();
      if (names.length === 0 && options.allDue !== true && !(options.force === true || options.dryRun === true)) {
        throw new EverbindError('CLI_USAGE', 'name certificates, or use --all-due');
      }
      if (names.length > 0 && options.allDue === true)
        throw new EverbindError('CLI_USAGE', 'either names or --all-due');
      const selection: Selection = { names, force: options.force === true };
      if (options.dryRun === true) await dryRun(globals, selection);
      else await renew(globals, selection);
    });

  async function dryRun(globals: ReturnType<typeof globalsOf>, selection: Selection): Promise<void> {
    const { withDryRunEngine } = await import('../../agent/work-modules.ts');
    const wanted = selection.names.length > 0 ? { ...selection, force: true } : selection;
    const results: readonly DryRun[] = await withDryRunEngine(globals, environment, (engine) => engine.dryRun(wanted));
    const failing = results.filter(({ problem }) => problem !== null).length;
    setStatus(failing === 0 ? 0 : failing === results.length ? 1 : 3);
    if (globals.json) sayJson(environment.io, { dryRun: true, certificates: results });
    else printDryRun(environment.io, results, { now: environment.clock.now(), forced: selection.force });
  }

  async function renew(globals: ReturnType<typeof globalsOf>, selection: Selection): Promise<void> {
    const progress = createProgress(environment.io);
    const outcomes: Outcome[] = [];
    const failedKinds = (): number => outcomes.filter(({ kind }) => kind !== 'renewed').length;
    let count = { managed: 0, worked: 0 };
    let waiting: readonly Waiting[] = [];
    try {
      count = await withAgent(
        globals,
        environment,
        ({ name, step }) => progress.show(`${outcomes.length} done, ${failedKinds()} failed; ${name}: ${step}`),
        async ({ state, engine, signal }) => {
          const done = await engine.cycle(
            selection,
            (outcome) => {
              outcomes.push(outcome);
              progress.done();
              if (!globals.json) printOutcome(environment.io, outcome, environment.clock.now());
            },
            signal,
          );
          waiting = state.store.read((db) => notDue(db, selection.names, outcomes));
          return done;
        },
      );
    } finally {
      progress.done();
    }
    const failed = failedKinds();
    setStatus(failed === 0 ? 0 : failed === outcomes.length ? 1 : 3);
    const counts = {
      managed: count.managed,
      renewed: outcomes.length - failed,
      rolledBack: outcomes.filter(({ kind }) => kind === 'rolledBack').length,
      failed: outcomes.filter(({ kind }) => kind === 'failed').length,
      deferred: outcomes.filter(({ kind }) => kind === 'deferred').length,
      notDue: selection.names.length > 0 ? selection.names.length - count.worked : count.managed - count.worked,
    };
    if (globals.json) {
      sayJson(environment.io, { ...counts, waiting, certificates: outcomes });
      return;
    }
    const paint = painter(environment.io.colour);
    for (const { name, nextDue, reason } of waiting) {
      const when = `${relativeTime(nextDue, environment.clock.now())} (${shortTime(nextDue)}, ${reason})`;
      sayWrapped(environment.io, `${paint('dim', 'not due')}     `, `${name}: next ${when}; --force renews it now`, 12);
    }
    if (outcomes.length === 0 && selection.names.length === 0) {
      environment.io.out(`Nothing is due; ${plural(counts.managed, 'certificate')} managed.\n`);
    } else {
      environment.io.out(
        `\n${paint('bold', `${counts.renewed} renewed, ${counts.rolledBack} rolled back, ${counts.failed} failed`)}; ${counts.deferred > 0 ? `${counts.deferred} deferred, ` : ''}${counts.notDue} not due.\n`,
      );
    }
  }
}

function notDue(db: DatabaseSync, names: readonly string[], outcomes: readonly Outcome[]): readonly Waiting[] {
  const worked = new Set(outcomes.map(({ name }) => name));
  return names
    .filter((name) => !worked.has(name))
    .map((name) => {
      const { certificate } = showCertificate(db, name);
      return { name, nextDue: certificate.nextDue, reason: certificate.dueReason };
    });
}
