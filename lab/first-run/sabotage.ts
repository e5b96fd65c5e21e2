import type { AnsweredQuestion, ResultFile } from '../../src/selftest/result-file.ts';

/** What a run can be made to do wrong, so that it shows whether the observer sees it. */
export const SABOTAGES = {
  'skip-effect': 'notes every update of a record and makes none',
  'forge-status': 'writes success for calls that failed',
  'leave-record': 'leaves a record where it is, and says so',
  'hide-leftover': 'leaves a record where it is, and does not say so',
  'leave-key': 'leaves a key where it is, and does not say so',
  'claim-yes': 'answers yes to a question that was not asked',
  'leak-name': 'writes the name of a site into the file',
  'drop-question': 'leaves a question out',
  'wrong-summary': 'counts a yes more',
  'claim-windows': 'says that the double is Windows',
} as const;

export type Sabotage = keyof typeof SABOTAGES;

/** Spoils a file that is done. `siteName`: of the machine. */
export function spoil(file: ResultFile, sabotage: Sabotage | null, siteName: string): ResultFile {
  const change = (id: number, other: Partial<AnsweredQuestion>): ResultFile => ({
    ...file,
    questions: file.questions.map((one) => (one.id === id ? { ...one, ...other } : one)),
  });
  switch (sabotage) {
    case 'claim-yes': {
      const id = file.questions.find(({ verdict }) => verdict === 'skipped')?.id ?? 1;
      const { summary } = file;
      const claimed = change(id, { verdict: 'yes', observed: 'as expected' });
      return { ...claimed, summary: { ...summary, yes: summary.yes + 1, skipped: summary.skipped - 1 } };
    }
    case 'leak-name': {
      const observed = file.questions.find(({ id }) => id === 12)?.observed ?? '';
      return change(12, { observed: `${observed}; beside ${siteName}` });
    }
    case 'drop-question': {
      const questions = file.questions.slice(0, -1);
      const summary = { ...file.summary, skipped: file.summary.skipped - 1 };
      return { ...file, questions, summary };
    }
    case 'wrong-summary':
      return { ...file, summary: { ...file.summary, yes: file.summary.yes + 1 } };
    case 'claim-windows':
      return { ...file, host: 'windows' };
    case 'hide-leftover':
    case 'leave-key': {
      const { before } = file.snapshots ?? { before: [] };
      return { ...file, leftovers: [], snapshots: { before, after: before, diff: [] } };
    }
    case 'skip-effect':
    case 'forge-status':
    case 'leave-record':
    case null:
      return file;
  }
}
