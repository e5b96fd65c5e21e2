import type { Command } from 'commander';
import { troubledIssuers } from '../../renewal/issuer-health.ts';
import { summarize } from '../../renewal/readers.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { withReadOnlyStore } from '../read-state.ts';
import type { SetStatus, World } from '../world.ts';

/** `everbind status` */
export function registerStatus(program: Command, world: World, setStatus: SetStatus): void {
  const command = withGlobals(program.command('status'))
    .description('the whole in numbers: due, failing, expired, what is next')
    .addHelpText(
      'after',
      helpText(
        ['everbind status', 'everbind status --json'],
        'Exit status: 0 all well, 1 a certificate is expired or failing.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, world);
      const now = world.clock.now();
      const { issuers, ...summary } = await withReadOnlyStore(globals, world, (store) =>
        store.read((db) => ({ ...summarize(db, now), issuers: troubledIssuers(db) })),
      );
      const ok = summary.expired === 0 && summary.failing === 0;
      setStatus(ok ? 0 : 1);
      if (globals.json) {
        world.io.out(`${JSON.stringify({ ok, ...summary, issuers })}\n`);
        return;
      }
      const paint = painter(world.io.colour);
      const { managed, neverIssued, due, expired, failing, interrupted, nextDue, soonestExpiry } = summary;
      const moment = (label: string, found: typeof nextDue): void => {
        if (found !== null)
          sayWrapped(
            world.io,
            `${label}  `,
            `${relativeTime(found.at, now)}, ${shortTime(found.at)}: ${found.name}`,
            15,
          );
      };
      world.io.out(
        `${ok ? paint('green', 'ok') : paint('red', 'attention')}  ${plural(managed, 'certificate')} managed\n`,
      );
      world.io.out(
        `due ${due}, never issued ${neverIssued}, interrupted ${interrupted}, failing ${failing}, expired ${expired}\n`,
      );
      moment('next renewal ', nextDue);
      moment('first expiry ', soonestExpiry);
      for (const { issuer, failures, closedUntil, code } of issuers) {
        const asked =
          closedUntil === null || closedUntil <= now ? 'still asked' : `asked again ${relativeTime(closedUntil, now)}`;
        sayWrapped(world.io, 'issuer         ', `${issuer}: failed ${failures}x [${code}], ${asked}`, 15);
      }
    });
}
