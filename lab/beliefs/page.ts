import type { Belief, BeliefTest } from './belief.ts';
import { doublesOf } from './check.ts';
import { DOUBLES } from './doubles.ts';
import { BELIEFS, GROUPS } from './table/all.ts';

/** docs/windows-beliefs.md, not wrapped yet. */
export function beliefsPage(): string {
  const count = (verdict: Belief['verdict']): number => BELIEFS.filter((belief) => belief.verdict === verdict).length;
  return [
    '# What Everbind believes of Windows',
    '',
    'Generated from `lab/beliefs/` by `node tools/beliefs-page.ts --write`. Nothing has been run on a Windows server yet, so each belief that the code rests on was judged against sources: documentation of Microsoft, source code that is in use, and reports from real servers.',
    '',
    `Of ${BELIEFS.length} beliefs ${count('confirmed')} are **confirmed** by a source. ${count('contradicted')} were **contradicted**: after the arrow is what Windows does, or what the code does now. ${count('unknown')} are **unknown**: the code is safe with either answer, and where there is a number, the first run on a Windows server asks that question ([windows-first-run.md](windows-first-run.md)).`,
    '',
    'Each row names a test of that behaviour. `npm run lab -- beliefs` checks that every test exists. For the doubles below it does more: it switches each double back to the old belief (`EVERBIND_LAB_OLD_BELIEF=D1`) and sees the test fail. *Red in* names the commit that changed the double before the program was corrected: there the test failed.',
    '',
    '## Changed doubles',
    '',
    '| Double | What it does now | Test | Red in |',
    '| --- | --- | --- | --- |',
    ...Object.entries(DOUBLES).map(
      ([id, { change, test, redIn, redTest }]) =>
        `| ${id} | ${cell(change)} | ${testCell(test)} | \`${redIn}\`${redTest === undefined ? '' : `: ${cell(redTest)}`} |`,
    ),
    '',
    ...GROUPS.flatMap(({ title, beliefs }) => [
      `## ${title}`,
      '',
      '| | Belief | Verdict | Relied on by | Test |',
      '| --- | --- | --- | --- | --- |',
      ...beliefs.map(row),
      '',
    ]),
  ].join('\n');
}

function row(belief: Belief): string {
  const files = belief.reliesOn.map((file) => `\`${file}\``).join(', ');
  return `| ${belief.id} | ${cell(beliefCell(belief))} | ${cell(verdictCell(belief))} | ${files} | ${testCell(belief.test)} |`;
}

function beliefCell(belief: Belief): string {
  switch (belief.verdict) {
    case 'confirmed':
      return belief.belief;
    case 'contradicted':
      return `${belief.belief} → ${belief.instead}`;
    case 'unknown':
      return `${belief.belief} Meanwhile: ${belief.meanwhile}`;
  }
}

function verdictCell(belief: Belief): string {
  const doubles = doublesOf(belief);
  const by = doubles.length === 0 ? '' : ` (${doubles.join(', ')})`;
  if (belief.verdict !== 'unknown') return `${belief.verdict}: ${belief.source}${by}`;
  return belief.question === null
    ? `unknown; the first run does not ask${by}`
    : `unknown; question ${belief.question}${by}`;
}

function testCell(test: BeliefTest): string {
  return 'none' in test ? `none: ${cell(test.none)}` : `\`${test.file}\`: ${cell(test.title)}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
