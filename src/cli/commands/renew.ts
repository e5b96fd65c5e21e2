import type { DatabaseSync } from 'node:sqlite';
import type { Command } from 'commander';
import type { DryRun } from '../../renewal/engine/dry-run.ts';
import type { Selection } from '../../renewal/engine/select.ts';
import { showCertificate } from '../../overview/readers.ts';
import type { Outcome } from '../../renewal/state/types.ts';
import { EverbindError } from '../../errors/error.ts';
import { withWork } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { printDryRun } from '../output/dry-run.ts';
import { printOutcome } from '../output/outcome.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, World } from '../environment.ts';

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
export function registerRenew(program: Command, world: World, setStatus: SetStatus): void {
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
      const globals = globalsOf(command, world);
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
    const { withReadOnlyWork } = await import('../../agent/work-modules.ts');
    const wanted = selection.names.length > 0 ? { ...selection, force: true } : selection;
    const results: readonly DryRun[] = await withReadOnlyWork(globals, world, (engine) => engine.dryRun(wanted));
    if (globals.json) sayJson(world.io, { dryRun: true, certificates: results });
    else printDryRun(world.io, results, { now: world.clock.now(), forced: selection.force });
  }

  async function renew(globals: ReturnType<typeof globalsOf>, selection: Selection): Promise<void> {
    const progress = createProgress(world.io);
    const outcomes: Outcome[] = [];
    const failedKinds = (): number => outcomes.filter(({ kind }) => kind !== 'renewed').length;
    let count = { managed: 0, worked: 0 };
    let waiting: readonly Waiting[] = [];
    try {
      count = await withWork(
        globals,
        world,
        ({ name, step }) => progress.show(`${outcomes.length} done, ${failedKinds()} failed; ${name}: ${step}`),
        async ({ state, engine, signal }) => {
          await engine.refreshWindows(signal);
          const done = await engine.renew(
            selection,
            (outcome) => {
              outcomes.push(outcome);
              progress.done();
              if (!globals.json) printOutcome(world.io, outcome, world.clock.now());
            },
            signal,
          );
          if (outcomes.some(({ kind }) => kind === 'renewed')) await engine.refreshWindows(signal);
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
      sayJson(world.io, { ...counts, waiting, certificates: outcomes });
      return;
    }
    const paint = painter(world.io.colour);
    for (const { name, nextDue, reason } of waiting) {
      const when = `${relativeTime(nextDue, world.clock.now())} (${shortTime(nextDue)}, ${reason})`;
      sayWrapped(world.io, `${paint('dim', 'not due')}     `, `${name}: next ${when}; --force renews it now`, 12);
    }
    if (outcomes.length === 0 && selection.names.length === 0) {
      world.io.out(`Nothing is due; ${plural(counts.managed, 'certificate')} managed.\n`);
    } else {
      world.io.out(
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
