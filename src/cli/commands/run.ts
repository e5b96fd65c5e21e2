import type { Command } from 'commander';
import { runDaemon } from '../../agent/daemon/daemon.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { printOutcome } from '../output/outcome.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { errorReport, printError } from '../report.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind run` */
export function registerRun(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('run'))
    .description('stay up and renew whatever falls due, until it is told to stop')
    .addHelpText(
      'after',
      helpText(
        ['everbind run', 'everbind run --json'],
        'Wakes for what is due, for windows that the CA suggests, and for a changed everbind.yaml; a wrong one is reported, and the last good one stays in force. Between its cycles other commands can work. everbind status says whether it lives. With --json every line is one JSON object.',
        'Exit status: 0 it was told to stop.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const { io, clock } = environment;
      const say = (event: Readonly<Record<string, unknown>>, text: () => void): void => {
        if (globals.json) sayJson(io, { time: new Date(clock.now()).toISOString(), ...event });
        else text();
      };
      await runDaemon(globals, environment, {
        onOutcome: (outcome) => say({ outcome }, () => printOutcome(io, outcome, clock.now())),
        onTrouble: (error, nextWake) =>
          say({ ...errorReport(error), nextWake }, () => {
            printError(io, error);
            if (nextWake === null) return;
            io.err(`  next try ${relativeTime(nextWake, clock.now())} (${shortTime(nextWake)})\n`);
          }),
      });
      say({ stopped: true }, () => io.err('stopped\n'));
      setStatus(0);
    });
}
