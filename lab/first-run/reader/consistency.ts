import type { ResultFile, Verdict } from '../../../src/selftest/result-file.ts';

export interface Inconsistency {
  /** As in the file: `questions.3`. */
  readonly path: string;
  readonly problem: string;
}

const verdicts: readonly Verdict[] = ['yes', 'no', 'other', 'skipped'];

/** What a file says against itself. A file without any may still be wrong, but not by accident. */
export function inconsistencies(file: ResultFile): readonly Inconsistency[] {
  const found: Inconsistency[] = [];
  const report = (path: string, problem: string): void => void found.push({ path, problem });
  if (file.endedAt < file.startedAt) report('endedAt', 'it ended before it began');
  if (file.producedBy === 'first-run') {
    const ids = file.questions.map(({ id }) => id);
    const wanted = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const id of wanted.filter((each) => !ids.includes(each))) report('questions', `question ${id} is not there`);
    if (new Set(ids).size !== ids.length) report('questions', 'a question is there twice');
    if (file.steps.length > 0) report('steps', 'a first run has no steps');
  }
  for (const [index, { verdict, observed, raw }] of file.questions.entries()) {
    const path = `questions.${index}`;
    if (observed === '') report(path, 'nothing was observed');
    if ((verdict === 'yes' || verdict === 'no') && raw.calls.length === 0) report(path, `${verdict} without a call`);
    if (verdict === 'skipped' && !observed.startsWith('needs ')) report(path, 'skipped without saying what it needs');
  }
  for (const verdict of verdicts) {
    const count = countOf(file, verdict);
    if (file.summary[verdict] !== count) report(`summary.${verdict}`, `${file.summary[verdict]} instead of ${count}`);
  }
  const native = file.questions.some(({ raw }) => raw.calls.some(({ name }) => /^(?:NCrypt|Http|GetTick)/.test(name)));
  if (file.host === 'windows' && file.producedBy === 'first-run' && file.koffi === null) {
    report('host', 'Windows without koffi');
  }
  if (file.host === 'double' && native) report('host', 'a double has no native calls');
  const { snapshots, leftovers } = file;
  if (snapshots === null) {
    if (file.producedBy === 'first-run') report('snapshots', 'there are none');
  } else if (snapshots.diff.length === 0 && snapshots.before.join('\n') !== snapshots.after.join('\n')) {
    report('snapshots.diff', 'before and after differ, and the difference is empty');
  }
  if (leftovers.length > 0) report('leftovers', `${leftovers.length} left`);
  return found;
}

/** Of questions, or of the steps of a self-test: passed is yes, failed is no. */
function countOf({ producedBy, questions, steps }: ResultFile, verdict: Verdict): number {
  if (producedBy === 'first-run') return questions.filter((question) => question.verdict === verdict).length;
  const outcomes = { yes: 'passed', no: 'failed', other: null, skipped: 'skipped' } as const;
  return steps.filter(({ outcome }) => outcome === outcomes[verdict]).length;
}
