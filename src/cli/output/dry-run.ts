import { CHALLENGE_CHOICES, type ChallengeChoiceCode } from '../../challenge/choose-challenge.ts';
import type { DryRun } from '../../renewal/engine/dry-run.ts';
import type { Io } from '../io.ts';
import { challengeText } from './challenge-text.ts';
import { groupNotes, isSkipped, noteText } from './notes.ts';
import { painter, plural, sayWrapped } from './text.ts';
import { relativeTime } from './time.ts';

/** Prints what a renewal would do, for each certificate. `forced`: with --force, which also renews what is not due. */
export function printDryRun(
  io: Io,
  results: readonly DryRun[],
  { now, forced }: { readonly now: number; readonly forced: boolean },
): void {
  const paint = painter(io.colour);
  const say = (label: string, text: string): void => sayWrapped(io, `  ${label.padEnd(10)}`, text, 12);
  if (results.length === 0) {
    io.out('Nothing is due; nothing would change.\n');
    return;
  }
  for (const run of results) {
    const due = `due ${relativeTime(run.due.at, now)}: ${run.due.reason}`;
    io.out(`${paint('bold', run.name)} (${due})\n`);
    if (run.problem !== null) {
      say('fails', `${run.problem.message} [${run.problem.code}]`);
      say('', run.problem.action);
      continue;
    }
    if (run.resumesAt !== null) say('resume', `resumes an interrupted renewal after step ${run.resumesAt}`);
    // A renewal that resumes with its certificate orders nothing any more.
    if (run.orders) sayObtained(run, say);
    for (const { target, sites, reason } of run.plans.flatMap(({ changes }) => changes)) {
      say('change', `${target}${sites.length === 0 ? '' : ` (${sites.join(', ')})`}: ${reason}`);
    }
    const notes = run.plans.flatMap(({ skipped }) => skipped);
    for (const group of groupNotes(notes.filter(isSkipped))) say('skipped', noteText(group));
    for (const group of groupNotes(notes.filter((note) => !isSkipped(note)))) say('note', noteText(group));
    for (const thumbprint of run.retired)
      say('remove', `old certificate ${thumbprint}, unless something still uses it`);
  }
  const possible = results.filter(({ problem }) => problem === null);
  const early = forced ? 0 : possible.filter(({ due }) => due.at > now).length;
  const failing = results.length - possible.length;
  const more = `${early === 0 ? '' : `, ${early} with --force only`}${failing === 0 ? '' : `; ${failing} would fail`}`;
  io.out('\n');
  sayWrapped(
    io,
    '',
    `${plural(possible.length - early, 'certificate')} would be renewed${more}. Nothing was changed.`,
    0,
  );
}

/** Prints how the certificate would be obtained. */
function sayObtained(run: DryRun, say: (label: string, text: string) => void): void {
  const profile = run.order.profile === null ? '' : `, profile ${run.order.profile}`;
  say('order', `${run.order.names.join(', ')} at ${run.order.issuer} (${run.order.directory}${profile})`);
  const { stagingDirectory } = run.order;
  if (stagingDirectory !== null) say('first', `tried at the staging environment ${stagingDirectory}`);
  say('key', `${run.key.algorithm} in ${run.key.provider}, ${run.key.reused ? 'the present one again' : 'a new one'}`);
  for (const [how, names] of groupChallenges(run)) say('validate', `${names.join(', ')} by ${how}`);
}

function groupChallenges(run: DryRun): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, challenge, reason } of run.challenges) {
    const how = challenge === null ? 'no challenge' : `${challengeText(challenge)}${reasonText(reason)}`;
    groups.set(how, [...(groups.get(how) ?? []), name]);
  }
  return groups;
}

function reasonText(reason: ChallengeChoiceCode | null): string {
  return reason === null ? '' : ` [${reason}]: ${CHALLENGE_CHOICES[reason]}`;
}
