import type { Command } from 'commander';
import { findProblems, withReadOnlyStore } from '../../agent/read-state.ts';
import { type Overview, readOverview } from '../../overview/overview.ts';
import type { CliEnvironment, SetStatus } from '../environment.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { otherCertificateText } from '../output/notes.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { relativeTime, shortTime } from '../output/time.ts';

/** `everbind status` */
export function registerStatus(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('status'))
    .description('everything in numbers: due, failing, expired, what comes next')
    .addHelpText(
      'after',
      helpText(
        ['everbind status', 'everbind status --json'],
        'Exit status: 0 all well, 1 a certificate is expired, failing, overdue by more than a day, served nowhere, only partly, unverified or drifted, or everbind.yaml, master.key or the database is damaged or cannot be used.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const now = environment.clock.now();
      const overview = await withReadOnlyStore(globals, environment, async (store) => {
        const problems = await findProblems(globals, environment, store);
        return store.read((db) => readOverview(db, now, problems));
      });
      setStatus(overview.ok ? 0 : 1);
      if (globals.json) sayJson(environment.io, overview);
      else print(environment, overview, now);
    });
}

function print({ io }: CliEnvironment, overview: Overview, now: number): void {
  const paint = painter(io.colour);
  const say = (label: string, text: string): void => sayWrapped(io, label.padEnd(15), text, 15);
  const { managed, neverIssued, due, expired, failing, interrupted, daemon } = overview;
  io.out(
    `${overview.ok ? paint('green', 'ok') : paint('red', 'attention')}  ${plural(managed, 'certificate')} managed\n`,
  );
  const begun = overview.atWork ? 'under way' : 'interrupted';
  io.out(`due ${due}, never issued ${neverIssued}, ${begun} ${interrupted}, failing ${failing}, expired ${expired}\n`);
  const moment = (label: string, found: Overview['nextDue']): void => {
    if (found !== null) say(label, `${relativeTime(found.at, now)}, ${shortTime(found.at)}: ${found.name}`);
  };
  moment('next renewal', overview.nextDue);
  moment('first expiry', overview.soonestExpiry);
  for (const { code, message, action } of overview.problems) say('problem', `[${code}] ${message}. ${action}`);
  for (const { table, name } of overview.damaged) say('damaged', damageText(table, name));
  if (overview.overdue !== null) {
    const { name, at } = overview.overdue;
    const text = `${name} since ${shortTime(at)}: nothing renews it. Run everbind renew --all-due, and look at what starts Everbind`;
    say('overdue', text);
  }
  for (const name of overview.servedNowhere) {
    say('served nowhere', `${name}: no binding has it; everbind renew ${name} --dry-run says why`);
  }
  for (const { name, places } of overview.partlyServed) {
    say('partly served', `${name}: ${otherCertificateText(places)}; everbind renew ${name} --dry-run says why`);
  }
  for (const name of overview.unverified) {
    say(
      'unverified',
      `${name}: no handshake has shown it, nor did one succeed before it was renewed; see everbind show ${name}`,
    );
  }
  for (const name of overview.drifted) {
    say('drifted', `${name}: its bindings are not as they were deployed; see everbind show ${name}`);
  }
  for (const { url, names } of overview.explanations) say('CA explains', `${url} (${names.join(', ')})`);
  if (overview.clock !== null) say('clock', overview.clock.message);
  if (daemon !== null) say('everbind run', daemonText(daemon, now));
  for (const { issuer, failures, closedUntil, code } of overview.issuers) {
    const asked =
      closedUntil === null || closedUntil <= now ? 'still asked' : `asked again ${relativeTime(closedUntil, now)}`;
    say('issuer', `${issuer}: failed ${failures}x [${code}], ${asked}`);
  }
  for (const { directory, host, until } of overview.hostBackoffs) {
    say('backing off', `${host} asked for it; asked again ${relativeTime(until, now)} for the CA ${directory}`);
  }
  for (const { name, issuer, link } of overview.paused) say('paused', `${name} by ${issuer}; to lift it open ${link}`);
  for (const account of overview.accounts) say('account', accountText(account, now));
  for (const { issuer, limit, subject, left, of, roomAt } of overview.rateLimits) {
    const what = subject === '' ? limit : `${limit} of ${subject}`;
    const room = roomAt === null ? '' : `, room again ${relativeTime(roomAt, now)}`;
    say('limit', `${issuer}: ${what}: ${left} of ${of} left${room}`);
  }
  if (overview.waiting > 0) say('waiting', `${plural(overview.waiting, 'certificate')} for room in a limit`);
}

function damageText(table: Overview['damaged'][number]['table'], name: string): string {
  const whose = name === '' ? '' : `${name}: `;
  return `${whose}a row of the table ${table} is not as it was written. The next run writes it anew (everbind renew --all-due); check the disk, and who else writes to everbind.db`;
}

function daemonText({ pid, seenAt, nextWake, trouble, alive }: NonNullable<Overview['daemon']>, now: number): string {
  const does = nextWake <= seenAt ? 'at work' : `wakes ${relativeTime(nextWake, now)}`;
  const state = alive ? `process ${pid}, ${does}` : 'NOT RUNNING';
  const since = alive ? '' : `, last seen ${relativeTime(seenAt, now)}`;
  return `${state}${since}${trouble === null ? '' : `; ${trouble.code}: ${trouble.message}`}`;
}

function accountText(
  { issuer, directory, keyAt, nextKey, rolloverAfter, rolloverCode }: Overview['accounts'][number],
  now: number,
): string {
  const age = keyAt === null ? 'key of unknown age' : `key made ${relativeTime(keyAt, now)}`;
  const again = rolloverAfter <= now ? 'at the next run' : relativeTime(rolloverAfter, now);
  const failed = rolloverCode === null ? '' : `, rollover failed [${rolloverCode}], again ${again}`;
  // An issuer has an account with its staging environment, too.
  return `${issuer} at ${URL.parse(directory)?.host ?? directory}: ${age}${nextKey === null ? '' : ', rollover not finished'}${failed}`;
}
