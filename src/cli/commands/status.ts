import type { Command } from 'commander';
import { type AccountRow, listAccounts } from '../../renewal/state/account-table.ts';
import { countWaiting, type LimitState, nearlySpentLimits } from '../../renewal/ratelimits/spent-limits.ts';
import { hostBackoffs } from '../../renewal/state/host-backoff.ts';
import { troubledIssuers } from '../../renewal/state/issuer-health.ts';
import { pausedCertificates } from '../../renewal/state/paused.ts';
import { summarize } from '../../overview/readers.ts';
import { readDaemon } from '../../renewal/state/daemon-row.ts';
import type { Io } from '../io.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { isAtWork, withReadOnlyStore } from '../../agent/read-state.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** A running `everbind run` notes itself every four minutes; a locked database may keep it from that. */
const SILENT_MS = 10 * 60_000;

/** `everbind status` */
export function registerStatus(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('status'))
    .description('the whole in numbers: due, failing, expired, what is next')
    .addHelpText(
      'after',
      helpText(
        ['everbind status', 'everbind status --json'],
        'Exit status: 0 all well, 1 a certificate is expired, failing or served nowhere.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const now = environment.clock.now();
      const { issuers, accounts, runner, budgets, waiting, paused, held, atWork, ...summary } = await withReadOnlyStore(
        globals,
        environment,
        (store) =>
          store.read((db) => ({
            ...summarize(db, now),
            issuers: troubledIssuers(db),
            accounts: listAccounts(db),
            budgets: nearlySpentLimits(db, now),
            waiting: countWaiting(db),
            paused: pausedCertificates(db),
            held: hostBackoffs(db, now),
            runner: readDaemon(db),
            atWork: isAtWork(db, now),
          })),
      );
      const ok = summary.expired === 0 && summary.failing === 0 && summary.servedNowhere.length === 0;
      setStatus(ok ? 0 : 1);
      if (globals.json) {
        sayJson(environment.io, { ok, ...summary, issuers, accounts, budgets, waiting, paused, held, runner });
        return;
      }
      const paint = painter(environment.io.colour);
      const { managed, neverIssued, due, expired, failing, interrupted, nextDue, soonestExpiry, explanations } =
        summary;
      const { servedNowhere } = summary;
      const moment = (label: string, found: typeof nextDue): void => {
        if (found !== null)
          sayWrapped(
            environment.io,
            `${label}  `,
            `${relativeTime(found.at, now)}, ${shortTime(found.at)}: ${found.name}`,
            15,
          );
      };
      environment.io.out(
        `${ok ? paint('green', 'ok') : paint('red', 'attention')}  ${plural(managed, 'certificate')} managed\n`,
      );
      environment.io.out(
        `due ${due}, never issued ${neverIssued}, ${atWork ? 'under way' : 'interrupted'} ${interrupted}, failing ${failing}, expired ${expired}\n`,
      );
      moment('next renewal ', nextDue);
      moment('first expiry ', soonestExpiry);
      for (const name of servedNowhere) {
        sayWrapped(
          environment.io,
          'served nowhere ',
          `${name}: no binding has it; everbind renew ${name} --dry-run says why`,
          15,
        );
      }
      for (const { url, names } of explanations) {
        sayWrapped(environment.io, 'CA explains    ', `${url} (${names.join(', ')})`, 15);
      }
      if (runner !== null) {
        const alive = now - runner.seenAt < SILENT_MS;
        const does = runner.nextWake <= runner.seenAt ? 'at work' : `wakes ${relativeTime(runner.nextWake, now)}`;
        const state = alive ? `process ${runner.pid}, ${does}` : 'NOT RUNNING';
        const since = alive ? '' : `, last seen ${relativeTime(runner.seenAt, now)}`;
        const trouble = runner.trouble === null ? '' : `; ${runner.trouble.code}: ${runner.trouble.message}`;
        sayWrapped(environment.io, 'everbind run   ', `${state}${since}${trouble}`, 15);
      }
      for (const { issuer, failures, closedUntil, code } of issuers) {
        const asked =
          closedUntil === null || closedUntil <= now ? 'still asked' : `asked again ${relativeTime(closedUntil, now)}`;
        sayWrapped(environment.io, 'issuer         ', `${issuer}: failed ${failures}x [${code}], ${asked}`, 15);
      }
      for (const { host, until } of held) {
        sayWrapped(
          environment.io,
          'left alone     ',
          `${host} asked for it; asked again ${relativeTime(until, now)}`,
          15,
        );
      }
      for (const { name, issuer, link } of paused) {
        sayWrapped(environment.io, 'paused         ', `${name} by ${issuer}; to lift it open ${link}`, 15);
      }
      for (const account of accounts) sayWrapped(environment.io, 'account        ', accountText(account, now), 15);
      printRateLimits(environment.io, budgets, waiting, now);
    });
}

function accountText(
  { issuer, directory, keyAt, nextKey, rolloverAfter, rolloverCode }: AccountRow,
  now: number,
): string {
  const age = keyAt === null ? 'key of unknown age' : `key made ${relativeTime(keyAt, now)}`;
  const again = rolloverAfter <= now ? 'at the next run' : relativeTime(rolloverAfter, now);
  const failed = rolloverCode === null ? '' : `, rollover failed [${rolloverCode}], again ${again}`;
  // An issuer has one with its staging environment as well.
  return `${issuer} at ${URL.parse(directory)?.host ?? directory}: ${age}${nextKey === null ? '' : ', rollover not finished'}${failed}`;
}

/** Limits of CAs that are nearly or fully spent, and who waits for them. */
function printRateLimits(io: Io, budgets: readonly LimitState[], waiting: number, now: number): void {
  for (const { issuer, limit, subject, left, of, roomAt } of budgets) {
    const what = subject === '' ? limit : `${limit} of ${subject}`;
    const room = roomAt === null ? '' : `, room again ${relativeTime(roomAt, now)}`;
    sayWrapped(io, 'limit          ', `${issuer}: ${what}: ${left} of ${of} left${room}`, 15);
  }
  if (waiting > 0) io.out(`waiting        ${plural(waiting, 'certificate')} for room in a limit\n`);
}
