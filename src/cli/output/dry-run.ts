import type { DryRun } from '../../renewal/dry-run.ts';
import type { Io } from '../io.ts';
import { painter, printable, wrap } from './text.ts';
import { relativeTime } from './time.ts';

/** What renewing would do, certificate by certificate. */
export function printDryRun(io: Io, results: readonly DryRun[], now: number): void {
  const paint = painter(io.colour);
  const say = (indent: number, text: string): void => {
    for (const line of wrap(printable(text), io.columns - indent)) io.out(`${' '.repeat(indent)}${line}\n`);
  };
  if (results.length === 0) io.out('Nothing is due; nothing would change.\n');
  for (const run of results) {
    io.out(`${paint('bold', run.name)} (due ${relativeTime(run.due.at, now)}: ${run.due.reason})\n`);
    if (run.resumesAt !== null) say(2, `goes on with an interrupted renewal after step ${run.resumesAt}`);
    const profile = run.order.profile === null ? '' : `, profile ${run.order.profile}`;
    say(2, `order     ${run.order.names.join(', ')} at ${run.order.issuer} (${run.order.directory}${profile})`);
    say(2, `key       ${run.key.algorithm}, ${run.key.reused ? 'the present one again' : 'a new one'}`);
    for (const [how, names] of groupChallenges(run)) say(2, `prove     ${how}: ${names.join(', ')}`);
    for (const plan of run.plans) {
      for (const change of plan.changes) {
        const sites = change.sites.length === 0 ? '' : ` (sites: ${change.sites.join(', ')})`;
        say(2, `change    ${change.target}${sites}: ${change.reason}`);
      }
      for (const left of plan.untouched) say(2, `untouched ${left.target}: ${left.reason} [${left.code}]`);
    }
    for (const thumbprint of run.retired)
      say(2, `remove    old certificate ${thumbprint}, unless something still uses it`);
  }
  io.out(`\n${results.length} certificate${results.length === 1 ? '' : 's'} would be renewed. Nothing was changed.\n`);
}

function groupChallenges(run: DryRun): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, challenge } of run.challenges) {
    const how =
      challenge === null
        ? 'no challenge'
        : challenge.type === 'http-01'
          ? `http-01 (${challenge.mode})`
          : `dns-01 (${challenge.provider} ${challenge.command[0] ?? ''})`;
    groups.set(how, [...(groups.get(how) ?? []), name]);
  }
  return groups;
}
