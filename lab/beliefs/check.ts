import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { questions } from '../first-run/questions.ts';
import type { Belief, BeliefTest } from './belief.ts';
import type { DoubleChange } from './doubles.ts';
import type { ChangedDouble } from './old-belief.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What is checked: the table and the changes of doubles. */
export interface BeliefTable {
  readonly beliefs: readonly Belief[];
  readonly doubles: Readonly<Record<ChangedDouble, DoubleChange>>;
}

/** The judged beliefs; a table with fewer has lost some. */
const BELIEFS = 150;

/** What is wrong with the table by itself, in words; without running a test. */
export async function tableProblems({ beliefs, doubles }: BeliefTable): Promise<readonly string[]> {
  const problems: string[] = [];
  if (beliefs.length < BELIEFS) problems.push(`${beliefs.length} beliefs instead of ${BELIEFS}`);
  for (const [index, belief] of beliefs.entries()) {
    const say = (problem: string): unknown => problems.push(`${belief.id}: ${problem}`);
    if (belief.id !== `A${index + 1}`) say(`stands at the place of A${index + 1}`);
    for (const file of belief.reliesOn) if (!existsSync(join(root, file))) say(`there is no ${file}`);
    for (const problem of await testProblems(belief.test)) say(problem);
    if (belief.verdict === 'unknown') {
      const { question, meanwhile } = belief;
      const asks = questions.some(({ id, beliefs: asked }) => id === question && asked.includes(belief.id));
      if (question !== null && !asks) say(`question ${question} does not ask this`);
      if (meanwhile === '') say('nothing says what the code does meanwhile');
    } else {
      if (belief.source === '') say('it has no source');
      if (belief.verdict === 'contradicted' && 'none' in belief.test) say('it is contradicted and has no test');
    }
    if ('none' in belief.test && doublesOf(belief).length > 0) say('a double was changed for it and it has no test');
  }
  for (const [id, { test, redIn }] of Object.entries(doubles)) {
    if ('none' in test) problems.push(`${id}: it has no test`);
    for (const problem of await testProblems(test)) problems.push(`${id}: ${problem}`);
    if (!/^[0-9a-f]{7,40}$/.test(redIn)) problems.push(`${id}: it does not say in which commit its test was red`);
  }
  return problems;
}

/** The changed doubles behind a belief. */
export function doublesOf(belief: Belief): readonly ChangedDouble[] {
  return belief.verdict === 'confirmed' ? [] : (belief.doubles ?? []);
}

async function testProblems(test: BeliefTest): Promise<readonly string[]> {
  if ('none' in test) return test.none === '' ? ['nothing says why it has no test'] : [];
  const text = await readFile(join(root, test.file), 'utf8').catch(() => null);
  if (text === null) return [`there is no ${test.file}`];
  const title = test.template ?? test.title;
  const quoted = [`'${title.replaceAll("'", "\\'")}'`, `\`${title}\``, `"${title}"`];
  return quoted.some((one) => text.includes(one)) ? [] : [`${test.file} has no test "${title}"`];
}
