import type { Command } from 'commander';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, sayWrapped } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind account rollover ISSUER` */
export function registerAccount(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const group = program
    .command('account')
    .description('our accounts with CAs; everbind status shows them')
    .addHelpText('after', helpText(['everbind account rollover letsencrypt']));

  const rollover = withGlobals(group.command('rollover <issuer>'))
    .description('give the account with this issuer a new key now; the old one is destroyed')
    .addHelpText(
      'after',
      helpText(
        ['everbind account rollover letsencrypt', 'everbind account rollover letsencrypt --json'],
        'By itself this happens when the key is accountKeyRolloverDays old.',
      ),
    )
    .action(async (issuer: string) => {
      const globals = globalsOf(rollover, environment);
      const done = await withAgent(
        globals,
        environment,
        () => {},
        ({ accounts, signal }) => accounts.rollOver(issuer, signal),
      );
      const label = painter(environment.io.colour)('green', 'new key ');
      const stale = `Records of dns-persist-01 name the key before: everbind dns persist NAME prints the new ones.\n`;
      if (done.recordsStale && !globals.json) environment.io.err(stale);
      if (globals.json) sayJson(environment.io, { ok: true, ...done });
      else sayWrapped(environment.io, label, `${done.key} for the account ${done.url}`, 8);
    });
}
