import type { Command } from 'commander';
import { EverbindError } from '../../errors/error.ts';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { printOutcome } from '../output/outcome.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind rollback NAME` */
export function registerRollback(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('rollback <name>'))
    .description('deploy the previous certificate again, verified by handshake')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', helpText(['everbind rollback shop', 'everbind rollback shop --yes --json']))
    .action(async (name: string) => {
      const globals = globalsOf(command, environment);
      if (command.opts<{ yes?: boolean }>().yes !== true) {
        const answer = await environment.io.ask(`Deploy the previous certificate of ${name} again? [y/N] `);
        if (answer === null || !/^y(es)?$/i.test(answer.trim()))
          throw new EverbindError('CLI_CANCELLED', 'nothing was changed');
      }
      const progress = createProgress(environment.io);
      const outcome = await withAgent(
        globals,
        environment,
        ({ step }) => progress.show(`${name}: ${step}`),
        ({ engine, signal }) => engine.rollBack(name, signal),
      ).finally(() => progress.done());
      setStatus(outcome.kind === 'renewed' ? 0 : 1);
      if (globals.json) sayJson(environment.io, { ok: outcome.kind === 'renewed', outcome });
      else
        printOutcome(environment.io, outcome, environment.clock.now(), { done: 'rolled back', restored: 'restored' });
    });
}
