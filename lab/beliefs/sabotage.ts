import type { Belief } from './belief.ts';
import type { BeliefTable } from './check.ts';
import type { CheckOptions } from './run.ts';

type Sabotage = (options: CheckOptions) => CheckOptions;

const withTable =
  (change: (table: BeliefTable) => BeliefTable): Sabotage =>
  (options) => ({
    ...options,
    table: change(options.table),
  });

const withBelief = (id: string, change: (belief: Belief) => Belief): Sabotage =>
  withTable(({ beliefs, doubles }) => ({
    doubles,
    beliefs: beliefs.map((belief) => (belief.id === id ? change(belief) : belief)),
  }));

/** What can go wrong with the table or with a double, each of which the check must see. */
export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'belief-lost': withTable(({ beliefs, doubles }) => ({ doubles, beliefs: beliefs.slice(0, -1) })),
  'file-gone': withBelief('A36', (belief) => ({ ...belief, reliesOn: ['src/nowhere.ts'] })),
  'test-gone': withBelief('A36', (belief) => ({
    ...belief,
    test: { file: 'test/ports/windows-host-handshakes.ts', title: 'there is no such test' },
  })),
  'no-question': withBelief('A33', (belief) => ({ ...belief, question: 31 }) as Belief),
  'no-source': withBelief('A36', (belief) => ({ ...belief, source: '' }) as Belief),
  'contradicted-untested': withBelief('A117', (belief) => ({ ...belief, test: { none: 'forgotten' } })),
  /** A double that behaves the same, switched back or not. */
  'double-forgives': (options) => ({ ...options, run: (file, title) => options.run(file, title, []) }),
  /** A test that fails whatever the double does. */
  'always-red': (options) => ({ ...options, run: async () => 'failed' }),
  /** A test that the runner does not find. */
  'never-run': (options) => ({ ...options, run: async () => 'absent' }),
};
