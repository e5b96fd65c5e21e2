import { readSource } from '../architecture/source-tree.ts';
import { EQUIVALENTS } from './equivalents.ts';
import { type Mutant, mutantsOf, nameOf, spread } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';
import { openBench } from './trial.ts';

export interface MutantsOptions {
  readonly root: string;
  /** Most mutants of one file. */
  readonly perFile: number;
  /** One in so many is tried. */
  readonly every: number;
  /** Only files whose path contains this. */
  readonly only: string;
  readonly jobs: number;
  readonly sabotage: Sabotage | null;
  readonly say: (line: string) => void;
}

/** `nothing-changed`: mutants are the program itself. `tests-broken`: a test fails whatever is tried. */
export type Sabotage = 'nothing-changed' | 'tests-broken' | 'excuse-stale';
export const SABOTAGES: readonly Sabotage[] = ['nothing-changed', 'tests-broken', 'excuse-stale'];

/** The last line. */
export interface MutantsLine {
  readonly mutants: number;
  readonly killed: number;
  readonly equivalent: number;
  readonly survived: number;
  readonly ok: boolean;
}

/** Fewer mean that something was not seen. */
const LEAST = 120;

interface Tried {
  readonly target: Target;
  readonly mutant: Mutant;
}

export async function runMutants(options: MutantsOptions): Promise<MutantsLine> {
  const { root, say, only } = options;
  const equivalents = new Map(EQUIVALENTS);
  if (options.sabotage === 'excuse-stale') equivalents.set('src/nowhere.ts: check skipped: x → ;', 'there is none');
  const all = TARGETS.flatMap((target) =>
    target.files
      .filter((path) => path.includes(only))
      .flatMap((path) =>
        spread(mutantsOf(readSource(root, path)), options.perFile).map((mutant) => ({ target, mutant })),
      ),
  );
  const known = new Set(all.map(({ mutant }) => nameOf(mutant)));
  const stale = only === '' ? [...equivalents.keys()].filter((name) => !known.has(name)) : [];
  for (const name of stale) say(`STALE     there is no mutant ${name}`);
  const chosen = all.filter((_, index) => index % options.every === 0);
  const broken = await brokenTests(options, new Set(chosen.flatMap(({ target }) => target.tests)), chosen[0]?.mutant);
  for (const test of broken) say(`BROKEN    ${test} fails without any mutant`);
  const count = { killed: 0, equivalent: 0, survived: 0 };
  if (broken.length === 0) await tryAll(options, chosen, equivalents, count);
  const enough = only !== '' || chosen.length >= LEAST / options.every;
  const ok = broken.length === 0 && stale.length === 0 && count.survived === 0 && enough && chosen.length > 0;
  return { mutants: chosen.length, ...count, ok };
}

/** Whoever kills mutants must let the program itself live. */
async function brokenTests(
  { root, sabotage }: MutantsOptions,
  tests: ReadonlySet<string>,
  any: Mutant | undefined,
): Promise<readonly string[]> {
  if (any === undefined) return [];
  const bench = await openBench(root);
  try {
    const { text } = readSource(root, any.path);
    const wrong = sabotage === 'tests-broken' ? 'throw new Error("broken");' : text;
    const failing: string[] = [];
    for (const test of tests) {
      if ((await bench.firstToFail(any.path, wrong, [test])) !== null) failing.push(test);
      if (failing.length > 0 && sabotage !== null) break;
    }
    return failing;
  } finally {
    await bench.remove();
  }
}

async function tryAll(
  { root, jobs, sabotage, say }: MutantsOptions,
  chosen: readonly Tried[],
  equivalents: ReadonlyMap<string, string>,
  count: { killed: number; equivalent: number; survived: number },
): Promise<void> {
  const left = [...chosen];
  let done = 0;
  const worker = async (): Promise<void> => {
    const bench = await openBench(root);
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const { target, mutant } = next;
        const name = `${nameOf(mutant)} (line ${mutant.line})`;
        const reason = equivalents.get(nameOf(mutant));
        done += 1;
        const place = `${done}/${chosen.length}`;
        if (reason !== undefined) {
          count.equivalent += 1;
          say(`same      ${place} ${name}: ${reason}`);
          continue;
        }
        const text = sabotage === 'nothing-changed' ? readSource(root, mutant.path).text : mutant.text;
        const test = await bench.firstToFail(mutant.path, text, target.tests);
        if (test === null) count.survived += 1;
        else count.killed += 1;
        say(test === null ? `SURVIVED  ${place} ${name}` : `killed    ${place} ${name}: ${test}`);
      }
    } finally {
      await bench.remove();
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
