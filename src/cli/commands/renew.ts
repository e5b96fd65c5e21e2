import type { Command } from 'commander';
import type { DryRun } from '../../renewal/dry-run.ts';
import type { Selection } from '../../renewal/due.ts';
import type { Outcome } from '../../renewal/types.ts';
import { EverbindError } from '../../errors/error.ts';
import { withWork } from '../compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { printDryRun } from '../output/dry-run.ts';
import { printOutcome } from '../output/outcome.ts';
import { painter } from '../output/text.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, World } from '../world.ts';

interface RenewOptions {
  readonly allDue?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
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
      '\nExamples:\n  everbind renew --all-due\n  everbind renew shop api\n  everbind renew shop --force\n  everbind renew --all-due --dry-run\n\nExit status: 0 all well, 1 nothing worked, 3 some failed or were rolled back and others not, 4 another Everbind is at work.',
    )
    .action(async (names: string[]) => {
      const globals = globalsOf(command, world);
      const options = command.opts<RenewOptions>();
      if (names.length === 0 && options.allDue !== true && !(options.force === true || options.dryRun === true)) {
        throw new EverbindError('CLI_USAGE', 'name certificates, or use --all-due');
      }
      if (names.length > 0 && options.allDue === true)
        throw new EverbindError('CLI_USAGE', 'either names or --all-due');
      // Who names a certificate wants it now; due or not matters only for all of them.
      const selection: Selection = { names, force: options.force === true };
      if (options.dryRun === true) await dryRun(globals, selection);
      else await renew(globals, selection);
    });

  async function dryRun(globals: ReturnType<typeof globalsOf>, selection: Selection): Promise<void> {
    const { withReadOnlyWork } = await import('../compose-dry-run.ts');
    const wanted = selection.names.length > 0 ? { ...selection, force: true } : selection;
    const results: readonly DryRun[] = await withReadOnlyWork(globals, world, (engine) => engine.dryRun(wanted));
    if (globals.json) world.io.out(`${JSON.stringify({ dryRun: true, certificates: results })}\n`);
    else printDryRun(world.io, results, world.clock.now());
  }

  async function renew(globals: ReturnType<typeof globalsOf>, selection: Selection): Promise<void> {
    const progress = createProgress(world.io);
    const outcomes: Outcome[] = [];
    const failedKinds = (): number => outcomes.filter(({ kind }) => kind !== 'renewed').length;
    let count = { managed: 0, worked: 0 };
    try {
      count = await withWork(
        globals,
        world,
        ({ name, step }) => progress.show(`${outcomes.length} done, ${failedKinds()} failed; ${name}: ${step}`),
        async ({ engine, signal }) => {
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
      notDue: selection.names.length > 0 ? selection.names.length - count.worked : count.managed - count.worked,
    };
    if (globals.json) {
      world.io.out(`${JSON.stringify({ ...counts, certificates: outcomes })}\n`);
      return;
    }
    const paint = painter(world.io.colour);
    if (outcomes.length === 0) world.io.out(`Nothing is due; ${counts.managed} certificates are managed.\n`);
    else {
      world.io.out(
        `\n${paint('bold', `${counts.renewed} renewed, ${counts.rolledBack} rolled back, ${counts.failed} failed`)}; ${counts.notDue} not due.\n`,
      );
    }
  }
}
