import type { ChangedDouble } from './old-belief.ts';

/** Something about Windows that the code rests on, and how it stands. docs/windows-beliefs.md is made from these. */
export type Belief = Confirmed | Contradicted | Unknown;

interface Common {
  /** `A1` to `A150`, in groups by subject. */
  readonly id: string;
  /** What the code was built on. */
  readonly belief: string;
  /** Files of src that rely on it; none where nothing does any more, or nothing does yet. */
  readonly reliesOn: readonly string[];
  readonly test: BeliefTest;
}

/**
 * A test that fails when the double says otherwise, by its exact title; or why there can be none here. `runBy`: the
 * file that runs it, where it belongs to a suite for several hosts.
 */
export type BeliefTest = NamedTest | { readonly none: string };
export interface NamedTest {
  readonly file: string;
  /** As the runner prints it. */
  readonly title: string;
  readonly runBy?: string;
  /** What stands in the file, where the title is put together. */
  readonly template?: string;
}

/** A source says so. */
export interface Confirmed extends Common {
  readonly verdict: 'confirmed';
  readonly source: string;
}

/** A source says otherwise. The code does `instead` now. */
export interface Contradicted extends Common {
  readonly verdict: 'contradicted';
  readonly source: string;
  /** What Windows does, and what the code makes of it. */
  readonly instead: string;
  /** The doubles that say so. `test` fails when they are switched back. */
  readonly doubles: readonly ChangedDouble[];
}

/** Nobody says. The first run on a Windows server asks. */
export interface Unknown extends Common {
  readonly verdict: 'unknown';
  /** Number in lab/first-run/questions.ts; null where the first run does not ask. */
  readonly question: number | null;
  /** What the code does so that either answer is safe. */
  readonly meanwhile: string;
  /** Doubles that can say otherwise than we hope. `test` fails when they are switched back. */
  readonly doubles?: readonly ChangedDouble[];
}

/** Shorthands for the tables; files below test/. */
export const test = (file: string, title: string, more: Partial<NamedTest> = {}): NamedTest => ({
  file: `test/${file}`,
  title,
  ...more,
});
export const noTest = (why: string): BeliefTest => ({ none: why });
