import { mapBounded } from '../../src/concurrency/map-bounded.ts';
import type { NamedTest } from './belief.ts';
import { type BeliefTable, doublesOf, tableProblems } from './check.ts';
import { CHANGED_DOUBLES, type ChangedDouble } from './old-belief.ts';
import { runTest } from './switch-back.ts';

export interface BeliefSummary {
  readonly beliefs: number;
  readonly confirmed: number;
  readonly contradicted: number;
  readonly unknown: number;
  /** Doubles whose every test passes as they are, and fails when they are switched back. */
  readonly doublesChanged: number;
  readonly ok: boolean;
}

/** A double and a test that must tell it from the old one. */
export interface Switch {
  readonly doubles: readonly ChangedDouble[];
  readonly test: NamedTest;
}

/** Every double with its tests, each once. */
export function switches({ beliefs, doubles }: BeliefTable): readonly Switch[] {
  const all = [
    ...CHANGED_DOUBLES.map((id) => ({ doubles: [id], test: doubles[id].test })),
    ...beliefs.map((belief) => ({ doubles: doublesOf(belief), test: belief.test })),
  ];
  const unique = new Map<string, Switch>();
  for (const { doubles: switched, test } of all) {
    if (switched.length > 0 && !('none' in test)) {
      unique.set(JSON.stringify([switched, test.file, test.title]), { doubles: switched, test });
    }
  }
  return [...unique.values()];
}

export interface CheckOptions {
  readonly table: BeliefTable;
  readonly run: typeof runTest;
  readonly say: (line: string) => void;
  /** Whether each test is also run with the doubles as they are. */
  readonly alsoAsTheyAre: boolean;
  readonly concurrency: number;
}

/** Judges the table, and runs the tests of changed doubles with these switched back. */
export async function checkBeliefs(options: CheckOptions): Promise<BeliefSummary> {
  const { table, run, say } = options;
  const { beliefs } = table;
  const problems = await tableProblems(table);
  for (const problem of problems) say(`wrong    ${problem}`);
  const blind = new Set<ChangedDouble>();
  const seen = new Set<ChangedDouble>();
  await mapBounded(switches(table), options.concurrency, async ({ doubles, test }) => {
    const file = test.runBy ?? test.file;
    const now = options.alsoAsTheyAre ? await run(file, test.title, []) : 'passed';
    const before = await run(file, test.title, doubles);
    const tells = now === 'passed' && before === 'failed';
    for (const id of doubles) (tells ? seen : blind).add(id);
    const verdict = tells ? 'tells   ' : 'BLIND   ';
    say(`${verdict} ${doubles.join(', ')}: ${test.title} (${now}; with the old belief ${before})`);
  });
  const changed = CHANGED_DOUBLES.filter((id) => seen.has(id) && !blind.has(id));
  for (const id of CHANGED_DOUBLES) if (!seen.has(id) && !blind.has(id)) say(`BLIND    ${id}: no test was run`);
  const count = (verdict: string): number => beliefs.filter((belief) => belief.verdict === verdict).length;
  return {
    beliefs: beliefs.length,
    confirmed: count('confirmed'),
    contradicted: count('contradicted'),
    unknown: count('unknown'),
    doublesChanged: changed.length,
    ok: problems.length === 0 && changed.length === CHANGED_DOUBLES.length,
  };
}
