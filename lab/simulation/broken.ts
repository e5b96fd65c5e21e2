/**
 * What a simulation promises. `expired`: in use past its end although an issuer could have renewed it. `limit`: an
 * order that the CA refused for a limit. `twice`: one certificate renewed by two. `poll`: renewal info asked for after
 * expiry or replacement, or before its Retry-After. `draw`: not renewed at the moment that was drawn. `early`, `late`:
 * outside its window without a reason. `removed`: renewed after it left the configuration. `never`: declared and not
 * issued. `spread`: too much in one hour.
 */
export type Rule = 'expired' | 'limit' | 'twice' | 'poll' | 'draw' | 'early' | 'late' | 'removed' | 'never' | 'spread';

export interface Broken {
  readonly rule: Rule;
  readonly at: number;
  readonly what: string;
}

/** What was broken, and how often; of each rule the first few. */
export interface BrokenRules {
  note(rule: Rule, at: number, what: string): void;
  readonly counts: ReadonlyMap<Rule, number>;
  readonly examples: readonly Broken[];
}

const EXAMPLES = 5;

export function createBrokenRules(): BrokenRules {
  const counts = new Map<Rule, number>();
  const examples: Broken[] = [];
  return {
    counts,
    examples,
    note: (rule, at, what) => {
      const count = (counts.get(rule) ?? 0) + 1;
      counts.set(rule, count);
      if (count <= EXAMPLES) examples.push({ rule, at, what });
    },
  };
}
