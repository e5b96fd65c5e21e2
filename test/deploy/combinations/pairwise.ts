/** One value for each factor: whether it is on. */
export type Combination<Factor extends string> = Readonly<Record<Factor, boolean>>;

/**
 * A small table of combinations in which every pair of factors occurs with all four values, the same in every run:
 * all off and all on first, then each time the candidate that covers most pairs that are left.
 */
export function pairwise<Factor extends string>(factors: readonly Factor[]): readonly Combination<Factor>[] {
  const left = new Set(pairsOfAll(factors));
  const candidates = everyCombination(factors);
  const rows: Combination<Factor>[] = [];
  const take = (row: Combination<Factor>): void => {
    rows.push(row);
    for (const pair of pairsIn(factors, row)) left.delete(pair);
  };
  take(combination(factors, () => false));
  take(combination(factors, () => true));
  while (left.size > 0) {
    const gain = (row: Combination<Factor>): number => pairsIn(factors, row).filter((pair) => left.has(pair)).length;
    take(candidates.reduce((best, row) => (gain(row) > gain(best) ? row : best)));
  }
  return rows;
}

export function everyCombination<Factor extends string>(factors: readonly Factor[]): readonly Combination<Factor>[] {
  return Array.from({ length: 2 ** factors.length }, (_, bits) =>
    combination(factors, (index) => ((bits >> index) & 1) === 1),
  );
}

/** Every pair of factors with its values, as text. */
export function pairsIn<Factor extends string>(
  factors: readonly Factor[],
  row: Combination<Factor>,
): readonly string[] {
  return factors.flatMap((first, index) =>
    factors.slice(index + 1).map((second) => pairText(first, row[first], second, row[second])),
  );
}

function pairsOfAll(factors: readonly string[]): readonly string[] {
  const values = [false, true];
  return factors.flatMap((first, index) =>
    factors
      .slice(index + 1)
      .flatMap((second) => values.flatMap((one) => values.map((other) => pairText(first, one, second, other)))),
  );
}

function pairText(first: string, one: boolean, second: string, other: boolean): string {
  return `${first} ${one}, ${second} ${other}`;
}

function combination<Factor extends string>(
  factors: readonly Factor[],
  isOn: (index: number) => boolean,
): Combination<Factor> {
  return Object.fromEntries(factors.map((factor, index) => [factor, isOn(index)])) as Combination<Factor>;
}
