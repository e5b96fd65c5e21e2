import type { SeedResult } from './run-seed.ts';

export interface ChaosSummary {
  /** Counts for people. */
  readonly text: string;
  readonly line: {
    readonly seeds: number;
    readonly failed: number;
    readonly issued: number;
    readonly due: number;
    readonly ok: boolean;
  };
  readonly ok: boolean;
}

/** All seeds together. */
export function summarize(results: readonly SeedResult[]): ChaosSummary {
  const sum = (value: (result: SeedResult) => number): number =>
    results.reduce((total, result) => total + value(result), 0);
  const faults = new Map<string, number>();
  for (const result of results) {
    for (const [name, count] of result.faults) faults.set(name, (faults.get(name) ?? 0) + count);
  }
  const failed = results.filter(({ findings }) => findings.length > 0);
  const [issued, due] = [sum((result) => result.issued), sum((result) => result.due)];
  const ok = results.length > 0 && failed.length === 0 && issued === due;
  const counts = [...faults].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    text: [
      ...counts.map(([name, count]) => `${String(count).padStart(6)}  ${name}`),
      `${String(sum(({ kills }) => kills)).padStart(6)}  kills`,
      `${String(sum(({ stops }) => stops)).padStart(6)}  children stopped while another one took over`,
      `${String(sum(({ unknowable }) => unknowable)).padStart(6)}  orders without a certificate that no client could have known of, or that another issuer was asked instead of`,
      `${String(sum(({ spare }) => spare)).padStart(6)}  certificates of an issuer that did not say so for an hour, so that another was asked`,
      ...failed.map(({ seed }) => `failed: npm run chaos -- --seed ${seed}`),
      '',
    ].join('\n'),
    line: { seeds: results.length, failed: failed.length, issued, due, ok },
    ok,
  };
}
