import { type Question, questions } from '../../lab/first-run/questions.ts';
import type { AnsweredQuestion, ResultFile, TestStep } from '../../src/selftest/result-file.ts';

export interface Judged {
  /** Of this checkout: what the file says of the question does not count. */
  readonly question: Question;
  readonly answer: AnsweredQuestion;
}

export interface FileVerdict {
  /** Answered otherwise than the code needs. */
  readonly fallen: readonly Judged[];
  /** Answered otherwise than expected, where the code gets along. */
  readonly surprises: readonly Judged[];
  readonly confirmed: readonly Judged[];
  readonly unanswered: readonly Judged[];
  readonly failedSteps: readonly TestStep[];
  /** Numbers of beliefs that a fallen question was about. */
  readonly beliefs: readonly string[];
}

/** What a file means for the code. Counts and blocking questions are taken from the answers, not from its summary. */
export function verdictOf(file: ResultFile): FileVerdict {
  const judged = questions.flatMap((question) => {
    const answer = file.questions.find(({ id }) => id === question.id);
    return answer === undefined ? [] : [{ question, answer }];
  });
  const with_ = (test: (one: Judged) => boolean): readonly Judged[] => judged.filter(test);
  const unexpected = ({ answer }: Judged): boolean => answer.verdict === 'no' || answer.verdict === 'other';
  const fallen = with_((one) => unexpected(one) && one.question.relies);
  return {
    fallen,
    surprises: with_((one) => unexpected(one) && !one.question.relies),
    confirmed: with_(({ answer }) => answer.verdict === 'yes'),
    unanswered: with_(({ answer }) => answer.verdict === 'skipped'),
    failedSteps: file.steps.filter(({ outcome }) => outcome === 'failed'),
    beliefs: [...new Set(fallen.flatMap(({ question }) => question.beliefs))],
  };
}
