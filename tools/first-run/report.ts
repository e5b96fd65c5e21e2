import { wrap } from '../../src/cli/output/text.ts';
import type { ResultFile } from '../../src/selftest/result-file.ts';
import type { FileVerdict, Judged } from './fallen.ts';

const LONG = 600;

/** The report for a terminal. */
export function textOf(file: ResultFile, verdict: FileVerdict): string {
  const lines = [sourceOf(file), ''];
  const section = (title: string, list: readonly Judged[]): void => {
    if (list.length === 0) return;
    lines.push(`${title}:`);
    for (const { question, answer } of list) {
      lines.push(
        ...labelled(`Q${question.id}`, question.question),
        ...labelled('  expected', question.expected),
        ...labelled('  observed', plain(answer.observed)),
        ...labelled('  relied on by', question.file),
      );
    }
    lines.push('');
  };
  section('FELL, and the code relies on it', verdict.fallen);
  section('Otherwise than expected', verdict.surprises);
  for (const { step, code, message } of verdict.failedSteps) {
    lines.push(`FAILED step ${plain(step)}: ${plain(message)} [${plain(code ?? '')}]`);
  }
  if (verdict.unanswered.length > 0) {
    lines.push('Not answered:');
    for (const { question, answer } of verdict.unanswered) {
      lines.push(...labelled(`Q${question.id}`, question.question), ...labelled('', plain(answer.observed)));
    }
    lines.push('');
  }
  for (const left of file.leftovers) lines.push(`LEFT on the machine: ${plain(left)}`);
  if (verdict.beliefs.length > 0) lines.push(`Beliefs concerned: ${verdict.beliefs.join(', ')}`);
  lines.push(countsOf(file, verdict));
  return `${lines.join('\n')}\n`;
}

const LABEL = 18;

/** In lines of at most 100 columns. */
function labelled(label: string, text: string): readonly string[] {
  return wrap(text, 100 - LABEL).map((line, index) => `${(index === 0 ? `  ${label}` : '').padEnd(LABEL)}${line}`);
}

/** The table for docs/verification.md. */
export function markdownOf(file: ResultFile, verdict: FileVerdict): string {
  const rows = [...verdict.fallen, ...verdict.surprises, ...verdict.confirmed, ...verdict.unanswered]
    .sort((one, other) => one.question.id - other.question.id)
    .map(({ question, answer }) => {
      const cells = [question.question, answer.verdict, question.expected, answer.observed, question.file];
      const file_ = `\`${cells.pop() ?? ''}\``;
      return `| ${[String(question.id), ...cells.map(cell), file_].join(' | ')} |`;
    });
  return [
    cell(sourceOf(file)),
    '',
    '| # | Question | Answer | Expected by the code | Observed | Relied on by |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    countsOf(file, verdict),
    '',
  ].join('\n');
}

function sourceOf({ host, producedBy, machine, iis, startedAt }: ResultFile): string {
  const what = producedBy === 'first-run' ? 'First run' : 'Self-test';
  if (host !== 'windows') return `${what} on ${host === 'wine' ? 'Wine' : 'the double'}: says nothing about Windows.`;
  const build =
    machine?.build === undefined || machine.build === null ? '' : ` build ${machine.build}.${machine.ubr ?? 0}`;
  return `${what} on ${plain(machine?.productName ?? 'Windows')}${build}, IIS ${plain(iis?.version ?? '-')}, ${startedAt.slice(0, 10)}.`;
}

function countsOf(file: ResultFile, { fallen, surprises, confirmed, unanswered, failedSteps }: FileVerdict): string {
  if (file.producedBy === 'selftest') {
    const skipped = file.steps.filter(({ outcome }) => outcome === 'skipped').length;
    const passed = file.steps.length - failedSteps.length - skipped;
    return `${passed} of ${file.steps.length} steps passed, ${skipped} skipped, ${failedSteps.length} failed.`;
  }
  const parts = [
    `${confirmed.length} as expected`,
    `${fallen.length} fell`,
    `${surprises.length} otherwise than expected`,
    `${unanswered.length} not answered`,
  ];
  return `${parts.join(', ')}.`;
}

/** Without what could act on a terminal, and not endless. */
function plain(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
  return safe.length > LONG ? `${safe.slice(0, LONG)}…` : safe;
}

/** As `plain`, and without what Markdown would read. */
function cell(text: string): string {
  return plain(text).replaceAll(/[|`<>\\[\]*_]/g, (character) => `\\${character}`);
}
